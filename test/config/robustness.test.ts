import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseYaml } from "../../src/config/yaml.js";
import { mistakesIn, readFixture } from "./loading.js";

const example = readFixture("example.yaml");

/** mistakesIn() fails on whatever else is thrown; here every mistake must have a line of the text, too. */
function assertAnswered(text: string): void {
  const lines = text.split(/\r\n|\r|\n/).length;
  for (const mistake of mistakesIn(text)) {
    const [line = ""] = /^\d+(?=: \S)/.exec(mistake) ?? [];
    assert.ok(Number(line) >= 1 && Number(line) <= lines, mistake);
  }
}

const names =
  "version gateway tiers limits burst requests totalTokens per apis name match hosts pathPrefix tier";
const more =
  "resources backends production url ai provider applications subscriptions credentials apiKey clientId";
const rest =
  "models price weight input output spend model unknownModel identity jwt metadata trusted deny ip custom key faults store kind Unlimited orders/v1 mobile a";
const odd = ["length", "constructor", "toString", "hasOwnProperty", "valueOf", "", "0", "(key)", "?", "<<"];
const key = fc.constantFrom(...`${names} ${more} ${rest}`.split(" "), ...odd);
const scalar = fc.oneof(
  fc.constantFrom(
    null,
    true,
    0,
    1,
    -1,
    1.5,
    1e15,
    "",
    "minute",
    "Gold",
    "orders/v1",
    "GET /a",
    "{user}",
    "/a",
  ),
  fc.constantFrom("\ud800", "\u0000", "a\nb", "%", "::1", "10.0.0.0/8", "constructor", "__proto__"),
  fc.string(),
  fc.double(),
);
const { anything } = fc.letrec<{ anything: unknown }>((tie) => ({
  anything: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("anything"), { maxLength: 4 }),
    fc.dictionary(key, tie("anything"), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

const content = parseYaml(example).value as Record<string, unknown>;

/** Every place in the example, by the keys that lead there. */
function placesIn(value: unknown, place: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [place];
  return [place, ...Object.entries(value).flatMap(([key, part]) => placesIn(part, [...place, key]))];
}

function withPart(value: unknown, [key, ...rest]: readonly string[], part: unknown): unknown {
  if (key === undefined) return part;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  if (rest.length === 0 && part === undefined) delete copy[key];
  else copy[key] = withPart(copy[key], rest, part);
  return copy;
}

const place = fc.constantFrom(...placesIn(content).filter(({ length }) => length > 0));

describe("whatever the policy file holds, it is taken or refused with its mistakes:", () => {
  test("any value", () => {
    fc.assert(
      fc.property(anything, (value) => assertAnswered(JSON.stringify(value))),
      { numRuns: 500 },
    );
  });

  test("any value under the keys of a policy", () => {
    const policy = fc.dictionary(key, anything, { noNullPrototype: true });
    fc.assert(
      fc.property(policy, (parts) => assertAnswered(JSON.stringify({ version: 1, ...parts }))),
      { numRuns: 500 },
    );
  });

  test("the example with some of its parts replaced or left out", () => {
    const changes = fc.array(fc.tuple(place, fc.option(anything, { nil: undefined, freq: 3 })), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(changes, (changes) => {
        const changed = changes.reduce<unknown>((value, [place, part]) => {
          const isThere = place.slice(0, -1).reduce<unknown>((at, key) => (at as never)?.[key], value);
          return typeof isThere === "object" && isThere !== null ? withPart(value, place, part) : value;
        }, content);
        assertAnswered(JSON.stringify(changed));
      }),
      { numRuns: 500 },
    );
  });

  test("the example with its text cut, repeated or overwritten", () => {
    const position = fc.nat({ max: example.length });
    const patch = fc.oneof(
      fc.constantFrom(
        "",
        "\n",
        "  ",
        ":",
        "- ",
        "{",
        "]",
        "&a ",
        "*a",
        "!!str ",
        "|",
        "---\n",
        '"',
        "\t",
        "\ud800",
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(position, fc.nat({ max: 40 }), patch, (from, length, text) => {
        assertAnswered(example.slice(0, from) + text + example.slice(from + length));
      }),
      { numRuns: 500 },
    );
  });

  const oddities = [
    "tiers: 5",
    "apis: [null]",
    "identity: {}",
    "identity: [{ jwt: { environment: { length: { toString: x } } } }]",
    "identity: [null]",
    "applications: [{ credentials: [null], subscriptions: null }]",
    "tiers: { a: null, b: { limits: [null], burst: null } }",
    "deny: [null, [], 5]",
    "custom: [{ key: null }, null]",
    "gateway: { limits: [null, { requests: null }] }",
    "__proto__: { limits: [] }",
    "tiers: { __proto__: 5, constructor: 5 }",
    "applications: [{ name: constructor, tier: constructor, subscriptions: { constructor: toString } }]",
    "apis: [{ name: __proto__, version: constructor }]",
    "apis: &apis [*apis]",
    "gateway: &gateway { limits: [*gateway] }",
    "~",
    "!!null",
    '"just text"',
  ];
  for (const text of oddities) {
    test(text, () => {
      assertAnswered(text);
      assert.ok(mistakesIn(text).length > 0);
    });
  }
});
