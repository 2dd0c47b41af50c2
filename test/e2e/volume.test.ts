import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Gateway } from "../../demo/gateway.js";
import { admissions, chatBy, policyWith } from "./admissions.js";
import { ledgerOf, untilLedger } from "./ledger.js";
import { startTestStack, type TestStack } from "./stack.js";

/**
 * Envoy ends each call to ext_proc with a reset, and Node closes a connection after a thousand of them within seconds,
 * for it takes them for an attack (CVE-2023-44487): Envoy has to open another in time.
 */
describe("thousands of answers over a few connections, through Envoy", () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack(policyWith(100_000_000));
  });
  after(() => stack.stop());

  for (const admission of admissions) {
    test(`${admission}: all of 1600 are let through and charged once`, async () => {
      const gateway = new Gateway(stack.envoy.port, 30);
      const lines = (await ledgerOf(stack)).length;
      const responses = await gateway.many(1600, chatBy(admission, { cost: { prompt: 2, completion: 3 } }));
      gateway.close();
      assert.deepEqual([...new Set(responses.map(({ status }) => status))], [200]);
      const ledger = (await untilLedger(stack, lines + 1600)).slice(lines);
      assert.equal(new Set(ledger.map(({ requestId }) => requestId)).size, 1600);
      assert.deepEqual([...new Set(ledger.map(({ reason }) => reason))], ["reported"]);
      assert.equal(await stack.weir.metric("weir_unadmitted_total"), 0);
    });
  }
});
