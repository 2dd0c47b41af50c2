import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Gateway } from "../../demo/gateway.js";
import { type Admission, chatBy, policyWith } from "./admissions.js";
import { type LedgerLine, ledgerOf, untilLedger } from "./ledger.js";
import { startTestStack, type TestStack } from "./stack.js";

const LIMIT = 5000;

describe("a hundred requests at once for what is left for fifty, through Envoy", () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack(policyWith(LIMIT));
  });
  after(() => stack.stop());

  /** A hundred requests of 100 tokens each: what of it was let through, and what was spent. */
  const rush = async (admission: Admission) => {
    const gateway = new Gateway(stack.envoy.port, 100);
    const spentBefore = stack.llm.spent.prompt + stack.llm.spent.completion;
    const lines = (await ledgerOf(stack)).length;
    const body = { cost: { prompt: 10, completion: 90 }, max_tokens: 90, delay_ms: 1000 };
    const responses = await gateway.many(100, chatBy(admission, body));
    gateway.close();
    const admitted = responses.filter(({ status }) => status === 200).length;
    assert.equal(responses.filter(({ status }) => status === 429).length, 100 - admitted);
    const ledger: LedgerLine[] = (await untilLedger(stack, lines + admitted)).slice(lines);
    return { admitted, spent: stack.llm.spent.prompt + stack.llm.spent.completion - spentBefore, ledger };
  };

  test("charged after, all that are under way when the limit is reached go past it", async () => {
    const { admitted, spent } = await rush("charge-after");
    assert.ok(admitted > 80, `${admitted} admitted`);
    assert.ok(spent > LIMIT * 1.5, `${spent} spent of ${LIMIT}`);
  });

  test("reserved, they go past it by no more than the estimates were wrong", async () => {
    const { admitted, spent, ledger } = await rush("reserve");
    const errors = ledger.map(({ usage, reserved }) => {
      assert.ok(reserved);
      return Math.max(0, usage.input + usage.output - reserved.input - reserved.output);
    });
    const error = errors.reduce((sum, one) => sum + one, 0);
    assert.ok(spent <= LIMIT + error, `${spent} spent of ${LIMIT}, estimates ${error} short`);
    assert.ok(spent > LIMIT * 0.8, `${spent} spent of ${LIMIT}`);
    assert.ok(admitted < 60, `${admitted} admitted`);
  });
});
