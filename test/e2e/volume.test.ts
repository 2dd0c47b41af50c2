import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Gateway } from "../../demo/gateway.js";
import { ledgerOf, untilLedger } from "./ledger.js";
import { startTestStack, type TestStack } from "./stack.js";

const policy = `
version: 1
apis:
${["charge-after", "reserve"]
  .map(
    (admission) => `  - name: ${admission}
    version: v1
    match: { hosts: [${admission}.example.com], pathPrefix: /chat/v1 }
    limits: [{ totalTokens: 100000000, per: year }]
    ai: { provider: openai, admission: ${admission} }`,
  )
  .join("\n")}
`;

/**
 * Envoy ends each call to ext_proc with a reset, and Node closes a connection after a thousand of them within seconds,
 * for it takes them for an attack (CVE-2023-44487): Envoy has to open another in time.
 */
describe("thousands of answers over a few connections, through Envoy", () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack(policy);
  });
  after(() => stack.stop());

  for (const admission of ["charge-after", "reserve"]) {
    test(`${admission}: all of 1600 are let through and charged once`, async () => {
      const gateway = new Gateway(stack.envoy.port, 30);
      const lines = (await ledgerOf(stack)).length;
      const responses = await gateway.many(1600, {
        ...{ method: "POST", path: "/chat/v1/chat/completions", key: null },
        headers: { host: `${admission}.example.com`, "content-type": "application/json" },
        body: JSON.stringify({ model: "double-1", messages: [], cost: { prompt: 2, completion: 3 } }),
      });
      gateway.close();
      assert.deepEqual([...new Set(responses.map(({ status }) => status))], [200]);
      const ledger = (await untilLedger(stack, lines + 1600)).slice(lines);
      assert.equal(new Set(ledger.map(({ requestId }) => requestId)).size, 1600);
      assert.deepEqual([...new Set(ledger.map(({ reason }) => reason))], ["reported"]);
      assert.equal(await stack.weir.metric("weir_unadmitted_total"), 0);
    });
  }
});
