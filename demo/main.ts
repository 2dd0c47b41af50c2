import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { watchFile } from "../src/config/watch.js";
import { Gateway } from "./gateway.js";
import { type DemoOptions, readDemoOptions } from "./options.js";
import { demoRows } from "./rows.js";
import { type Stack, startStack } from "./stack/stack.js";
import { printTable, type Result } from "./table.js";

/**
 * `npm run demo [-- --once] [--nodes N] [--redis]`: the stack of docker-compose.yml without Docker, real traffic through
 * it, and a table of what came of it.
 */
const GATEWAY_LIMIT = 250;
const POLICY_FILE = "envoy/policy.yaml";
const say = (text: string) => process.stdout.write(`${text}\n`);

const stopped = new Promise<void>((resolve) => {
  process.once("SIGINT", resolve);
  process.once("SIGTERM", resolve);
});

try {
  const options = readDemoOptions(process.argv.slice(2));
  const policy = await readFile(POLICY_FILE, "utf8");
  const stack = await startStack({
    policy,
    folder: ".tools/demo",
    config: { kind: "followed" },
    ...{ nodes: options.nodes, redis: options.redis },
    ...(options.once ? {} : { port: 10000, weirAdminPort: 9192 }),
  });
  try {
    // Whoever stops it in the middle waits for no row.
    await Promise.race([present(stack, options, policy), stopped]);
  } finally {
    await stack.stop();
  }
  process.exit();
} catch (error) {
  process.stderr.write(`demo: ${(error as Error).message}\n`);
  process.exit(1);
}

async function present(stack: Stack, { once, nodes }: DemoOptions, policy: string): Promise<void> {
  const gateway = new Gateway(stack.envoy.port);
  await wholeMinute();
  const results: Result[] = [];
  for (const row of demoRows(GATEWAY_LIMIT)) results.push({ row, responses: await row.send(gateway, stack) });
  gateway.close();
  const good = printTable(results, say);
  if (nodes > 1) say(`weirs: ${await shares(stack)}`);
  say(`backends: production got ${stack.production.requests}, sandbox ${stack.sandbox.requests} requests`);
  if (once) {
    process.exitCode = good ? 0 : 1;
    return;
  }
  say(invitation(stack.envoy.port, stack.weir.adminPort));
  const stopWatching = watchFile(POLICY_FILE, policy, stack.setPolicy, { pollMs: 2000, settleMs: 100 });
  await stopped;
  stopWatching();
}

/** How many requests each weir decided on. */
async function shares(stack: Stack): Promise<string> {
  const decided = await Promise.all(stack.weirs.map((weir) => weir.metric("weir_decisions_total")));
  return decided.map((number, i) => `${i + 1} decided on ${number} requests`).join(", ");
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

Policy: ${POLICY_FILE} (change it while this runs: limits, and APIs too). Logs: .tools/demo/. Ctrl-C ends it.`;
}
