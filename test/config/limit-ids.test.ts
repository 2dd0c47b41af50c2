import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parsePolicy } from "../../src/config/load.js";
import { parseYaml } from "../../src/config/yaml.js";
import { readFixture } from "./loading.js";

const content = parseYaml(readFixture("example.yaml")).value;
const idsOf = (value: unknown) => [...parsePolicy(JSON.stringify(value), "p").policy.limits.keys()].sort();
const ids = idsOf(content);

/** The value with every number of a limit, and every list and mapping reordered, as `random` says. */
function shuffled(value: unknown, random: () => number): unknown {
  const sort = <T>(parts: T[]) =>
    parts
      .map((part) => ({ part, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ part }) => part);
  if (Array.isArray(value)) {
    // The keys of a namespace are a path, the one list whose order says something.
    const isPath = value.every((part) => typeof part === "string");
    return isPath ? value : sort(value).map((part) => shuffled(part, random));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    sort(Object.entries(value)).map(([key, part]) => {
      const isNumber = key === "requests" || key === "spend" || key.endsWith("Tokens");
      return [key, isNumber ? 1 + Math.floor(random() * 1e6) : shuffled(part, random)];
    }),
  );
}

describe("what makes a limit the same after a reload", () => {
  test("is neither its place in the file nor its number", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })), (rolls) => {
        let next = 0;
        const random = () => rolls[next++ % Math.max(1, rolls.length)] ?? 0.5;
        assert.deepEqual(idsOf(shuffled(content, random)), ids);
      }),
      { numRuns: 100 },
    );
  });

  test("is not whether it stands in a tier, nor what the tier is called", () => {
    const of = (tiers: string, api: string) =>
      idsOf(
        parseYaml(`version: 1\n${tiers}\napis: [{ name: a, version: v1, match: { pathPrefix: /a }, ${api} }]`)
          .value,
      );
    const own = of("", "limits: [{ requests: 5, per: 1 minute }]");
    assert.deepEqual(own, ["api:a/v1:requests:minute"]);
    assert.deepEqual(of("tiers: { Gold: { limits: [{ requests: 5, per: minute }] } }", "tier: Gold"), own);
    assert.deepEqual(of("tiers: { Rose: { limits: [{ requests: 5, per: minute }] } }", "tier: Rose"), own);
  });

  test("is the models that it counts, however they are written", () => {
    const of = (limits: string) =>
      idsOf(
        parseYaml(`version: 1
apis: [{ name: a, version: v1, match: { pathPrefix: /a }, ai: {}, limits: [${limits}] }]`).value,
      );
    assert.deepEqual(of('{ requests: 5, totalTokens: 5, per: minute, model: "GPT-4**" }'), [
      "api:a/v1:requests:minute:model=gpt-4*",
      "api:a/v1:totalTokens:minute:model=gpt-4*",
    ]);
    assert.deepEqual(of("{ requests: 5, per: minute }, { requests: 1, per: minute, model: o1 }"), [
      "api:a/v1:requests:minute",
      "api:a/v1:requests:minute:model=o1",
    ]);
    const shadowed =
      "{ requests: 5, per: minute, model: o1 }, { requests: 1, per: minute, model: o1, shadow: true }";
    assert.deepEqual(of(shadowed), [
      "api:a/v1:requests:minute:model=o1",
      "api:a/v1:requests:minute:model=o1:shadow",
    ]);
  });

  test("is told apart from every other, whatever names are made of", () => {
    const of = (name: string, limit: string) =>
      parseYaml(`version: 1
apis: [{ name: a, version: v1, match: { pathPrefix: /a }, ai: {} }]
custom: [{ name: "${name}", key: k, limits: [${limit}] }]`).value;
    assert.deepEqual(idsOf(of("x", '{ requests: 5, per: day, model: "ft:gpt-4:me%" }')), [
      "custom:x:requests:day:model=ft%3Agpt-4%3Ame%25",
    ]);
    const plain = idsOf(of("x:requests:day:model=y", "{ requests: 5, per: day }"));
    assert.notDeepEqual(plain, idsOf(of("x", '{ requests: 5, per: day, model: "y:requests:day" }')));
  });

  test("is its level, its scope, its unit and its window", () => {
    const of = (limit: string, name = "a") =>
      idsOf(parseYaml(`version: 1\ncustom: [{ name: ${name}, key: k, ${limit} }]`).value);
    const one = of("limits: [{ requests: 5, per: minute }]");
    assert.notDeepEqual(of("limits: [{ requests: 5, per: 2 minutes }]"), one);
    assert.notDeepEqual(of("limits: [{ requests: 5, per: hour }]"), one);
    assert.notDeepEqual(of("limits: [{ requests: 5, per: minute }]", "b"), one);
    assert.equal(new Set(ids).size, 17);
  });
});
