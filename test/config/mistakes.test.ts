import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fixtures, mistakesIn, readFixture } from "./loading.js";

/** Each fixture says in its first lines what is wrong with it: `# expect: LINE: PLACE: MESSAGE`. */
function expectedIn(text: string): string[] {
  return [...text.matchAll(/^# expect: (.*)$/gm)].map(([, expected = ""]) => expected);
}

describe("a policy file is refused with every mistake and its line:", () => {
  const files = readdirSync(`${fixtures}/bad`).sort();
  assert.ok(files.length >= 40, `${files.length} fixtures`);
  for (const file of files) {
    test(file.replace(".yaml", "").replaceAll("-", " "), () => {
      const text = readFixture(`bad/${file}`);
      const expected = expectedIn(text);
      assert.ok(expected.length > 0, "expects nothing");
      assert.deepEqual(mistakesIn(text), expected);
    });
  }

  test("an empty file", () => {
    assert.deepEqual(mistakesIn(""), ["1: expected one document, found 0"]);
  });
});

describe("the mistakes of a policy file", () => {
  const mixed = readFixture("bad/mistakes-of-all-kinds.yaml");

  test("come in the order of its lines, those of shape and of sense mixed", () => {
    const lines = mistakesIn(mixed).map((mistake) => Number.parseInt(mistake, 10));
    assert.ok(lines.length > 10);
    assert.deepEqual(
      lines,
      lines.toSorted((a, b) => a - b),
    );
  });

  test("take one line each, and do nothing to a terminal, whatever names are made of", () => {
    const name = '"a\\nb\\e[31m\\x85"';
    const deny = `[{ application: ${name} }, { api: ${name} }]`;
    assert.deepEqual(mistakesIn(`version: 1\ncustom: [{ ${name}: 1 }]\ndeny: ${deny}\n`), [
      "2: custom[0].name: is missing",
      "2: custom[0].key: is missing",
      "2: custom[0].limits: is missing",
      '2: custom[0]["a\\nb\\u001b[31m\\u0085"]: unknown key "a\\u000ab\\u001b[31m\\u0085"',
      "3: deny[0].application: must not be empty or have control characters, " +
        'not "a\\nb\\u001b[31m\\u0085"',
      '3: deny[1].api: unknown API "a\\u000ab\\u001b[31m\\u0085"; there are none',
    ]);
  });

  test("all stand on the lines that they name", () => {
    const text = readFixture("bad/bad-amounts.yaml");
    const lines = text.split("\n");
    for (const mistake of mistakesIn(text)) {
      assert.match(lines[Number.parseInt(mistake, 10) - 1] ?? "", /requests:/);
    }
  });

  test("never repeat an API key that stands in the file in clear", () => {
    const key = fc.stringMatching(/^[a-zA-Z0-9]{12,40}$/);
    const places = [
      (key: string) => `{ apiKey: "${key}" }`,
      (key: string) => `{ apiKey: "sha256:${key}" }`,
      (key: string) => `{ apiKey: ["${key}"] }`,
      (key: string) => `{ apiKey: "${key}", clientId: a }`,
      (key: string) => `{ apikey: "${key}" }`,
      (key: string) => `{ apiKeys: ["${key}"] }`,
      (key: string) => `"${key}"`,
      (key: string) => `["${key}"]`,
      (key: string) => `{ apiKey: "${key}", environment: prod }`,
      (key: string) => `{ clientId: ["${key}"] }`,
    ];
    fc.assert(
      fc.property(key, fc.constantFrom(...places), (key, place) => {
        const text = `version: 1\napplications: [{ name: a, credentials: [${place(key)}] }]\n`;
        const mistakes = mistakesIn(text);
        assert.ok(mistakes.length > 0);
        assert.ok(!mistakes.join("\n").includes(key), mistakes.join("\n"));
      }),
      { numRuns: 300 },
    );
  });

  test("do not repeat a key written as a number, as a list or in place of the credentials", () => {
    for (const credentials of [
      "[{ apiKey: 8413998101 }]",
      "8413998101",
      "[8413998101]",
      "{ a: 8413998101 }",
    ]) {
      const text = `version: 1\napplications: [{ name: a, credentials: ${credentials} }]\n`;
      assert.doesNotMatch(mistakesIn(text).join("\n"), /8413998101/);
    }
  });
});
