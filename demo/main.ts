import { setTimeout as sleep } from "node:timers/promises";
import { Gateway } from "./gateway.js";
import { demoRows } from "./rows.js";
import { startStack } from "./stack/stack.js";
import { printTable, type Result } from "./table.js";

/** `npm run demo [-- --once]`: the whole stack, real traffic through it, and a table of what came of it. */
const GATEWAY_LIMIT = 250;
const say = (text: string) => process.stdout.write(`${text}\n`);

const once = process.argv.includes("--once");
const stopped = new Promise<void>((resolve) => {
  process.once("SIGINT", resolve);
  process.once("SIGTERM", resolve);
});

const stack = await startStack({
  policyFile: "envoy/policy.yaml",
  envoyFile: "envoy/envoy.yaml",
  folder: ".tools/demo",
  ...(once ? {} : { port: 10000, adminPort: 9192 }),
});
try {
  const gateway = new Gateway(stack.envoy.port);
  await wholeMinute();
  const results: Result[] = [];
  for (const row of demoRows(GATEWAY_LIMIT)) results.push({ row, responses: await row.send(gateway, stack) });
  gateway.close();
  const good = printTable(results, say);
  say(`backends: production got ${stack.production.requests}, sandbox ${stack.sandbox.requests} requests`);
  if (once) process.exitCode = good ? 0 : 1;
  else {
    say(invitation(stack.envoy.port, stack.weir.adminPort));
    await stopped;
  }
} finally {
  await stack.stop();
}

/** The limits are per minute, so the table has to be filled within one. */
async function wholeMinute(): Promise<void> {
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs > 20_000) return;
  say(`waiting ${Math.ceil(leftMs / 1000)} s for a new minute, so that every limit starts empty …`);
  await sleep(leftMs + 50);
}

function invitation(port: number, adminPort: number): string {
  return `
The stack stays up; its limits are new with every minute. Try:

  curl -i -H 'x-api-key: demo-mobile' localhost:${port}/orders/v1/items/1
  curl -i -H 'x-api-key: demo-mobile-sandbox' localhost:${port}/payments/v1/status
  curl -N -H 'x-api-key: demo-web' -H 'content-type: application/json' localhost:${port}/chat/v1/chat/completions \\
    -d '{"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hi"}]}'
  curl -s localhost:${adminPort}/metrics | grep ^weir_

Policy: envoy/policy.yaml (change it while this runs). Logs: .tools/demo/. Ctrl-C ends it.`;
}
