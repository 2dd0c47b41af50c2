import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkOf, startTestWeir } from "../support/weir.js";
import { apis, applications } from "./callers.js";
import { outcome } from "./policy.js";

/** WSO2's deny policies, a row a test. */
describe("a deny policy refuses", () => {
  const rows = [
    {
      what: "an API",
      rule: "{ api: a/v1 }",
      denied: ["/a/v1 first-ann", "/a/v1 second-ann", "/a/v1 "],
      passes: ["/a/v2 first-ann"],
    },
    {
      what: "an application",
      rule: "{ application: first }",
      denied: ["/a/v1 first-ann", "/b/v1 first-bob"],
      passes: ["/a/v1 second-ann"],
    },
    {
      what: "a user",
      rule: "{ user: ann }",
      denied: ["/a/v1 first-ann", "/b/v1 second-ann"],
      passes: ["/a/v1 first-bob"],
    },
    {
      what: "a subscription in one environment",
      rule: "{ application: first, api: a/v1, environment: sandbox }",
      denied: ["/a/v1 first-sandbox"],
      passes: ["/a/v1 first-ann", "/b/v1 first-sandbox"],
    },
    { what: "an address", rule: "{ ip: 203.0.113.7 }", denied: ["/a/v1 first-ann"], passes: [] },
    {
      what: "a range, its ends included",
      rule: "{ ip: 203.0.113.7-203.0.113.9 }",
      denied: ["/a/v1 first-ann"],
      passes: [],
    },
    {
      what: "no address of an inverted range",
      rule: "{ ip: 203.0.113.0/24, invert: true }",
      denied: [],
      passes: ["/a/v1 first-ann"],
    },
    {
      what: "all others than an inverted range",
      rule: "{ ip: 10.0.0.0/8, invert: true }",
      denied: ["/a/v1 first-ann"],
      passes: [],
    },
  ];
  for (const { what, rule, denied, passes } of rows) {
    test(`${what}, with 403 and 900805`, async () => {
      const weir = await startTestWeir(
        `version: 1\nidentity: [{ apiKey: { header: x-api-key } }]\napis:${apis()}\napplications:${applications}\ndeny: [${rule}]\n`,
      );
      try {
        const ask = async (line: string) => {
          const [path = "", key = ""] = line.split(" ");
          return weir.check(checkOf(path, { key }));
        };
        for (const line of denied) {
          const reply = await ask(line);
          assert.equal(outcome(reply), 900805, line);
          assert.equal(reply.deniedResponse?.status?.code, 403);
        }
        for (const line of passes) assert.equal(outcome(await ask(line)), "ok", line);
      } finally {
        await weir.stop();
      }
    });
  }
});
