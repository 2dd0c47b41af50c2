import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseYaml, YamlError } from "../../src/config/yaml.js";

const text = `# 1
version: 1
apis:
  - name: orders

    match: { hosts: [a.com,
      b.com], pathPrefix: /x }
  - # 8
    name: chat
  -
tiers: &tiers
  Gold:
    limits:
      - requests: 5
        per: >
          minute
  "quoted": 'single'
again: *tiers
block: |
  not: a key
last: { a: 1, b: { c: 2 } }
`;

describe("the line of a part of a YAML document", () => {
  const document = parseYaml(text);
  const cases: [(string | number)[], number][] = [
    [["version"], 2],
    [["apis"], 3],
    [["apis", 0], 4],
    [["apis", 0, "name"], 4],
    [["apis", 0, "match"], 6],
    [["apis", 0, "match", "hosts"], 6],
    [["apis", 0, "match", "hosts", 0], 6],
    [["apis", 0, "match", "hosts", 1], 7],
    [["apis", 0, "match", "pathPrefix"], 7],
    [["apis", 1], 9],
    [["tiers", "Gold"], 12],
    [["tiers", "Gold", "limits", 0, "requests"], 14],
    [["tiers", "Gold", "limits", 0, "per"], 15],
    [["tiers", "quoted"], 17],
    [["again"], 18],
    [["block"], 19],
    [["last", "b", "c"], 21],
  ];
  for (const [path, line] of cases) {
    test(`${path.join(".")} is ${line}`, () => assert.equal(document.lineOf(path), line));
  }

  test("that is not in the text is that of the nearest part above it", () => {
    assert.equal(document.lineOf([]), 2);
    assert.equal(document.lineOf(["missing"]), 2);
    assert.equal(document.lineOf(["apis", 0, "version"]), 4);
    assert.equal(document.lineOf(["tiers", "Gold", "limits", 0, "missing"]), 14);
    assert.equal(document.lineOf(["apis", 7]), 3);
  });

  test("that is an empty list item is that of the list", () => {
    assert.equal((document.value as { apis: unknown[] }).apis[2], null);
    assert.equal(document.lineOf(["apis", 2]), 3);
  });

  test("that an alias stands for is that of the alias", () => {
    assert.equal(document.lineOf(["again", "Gold", "limits", 0]), 18);
  });

  test("does not depend on how lines end", () => {
    const windows = parseYaml(text.replaceAll("\n", "\r\n"));
    for (const [path, line] of cases) assert.equal(windows.lineOf(path), line, path.join("."));
  });

  test("is 1 throughout a document of one line", () => {
    const document = parseYaml("{a: [1, {b: 2}]}");
    assert.equal(document.lineOf(["a", 1, "b"]), 1);
  });
});

test("keys and items of a document written one a line stand on those lines", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(names, fc.nat({ max: 3 }), (names, blank) => {
      const gap = "\n".repeat(blank);
      const document = parseYaml(names.map((name) => `x${name}:\n  - 1\n${gap}  - k${name}: v\n`).join(""));
      for (const [i, name] of names.entries()) {
        const first = i * (3 + blank) + 1;
        assert.equal(document.lineOf([`x${name}`]), first);
        assert.equal(document.lineOf([`x${name}`, 0]), first + 1);
        assert.equal(document.lineOf([`x${name}`, 1, `k${name}`]), first + 2 + blank);
      }
    }),
  );
});

describe("a text that is not one YAML document", () => {
  const cases: [string, string, number, string][] = [
    ["of no document", "", 1, "expected one document, found 0"],
    ["of two documents", "a: 1\n---\nb: 1\n", 1, "expected one document, found 2"],
    ["with a key twice", "a: 1\nb: 2\na: 3\n", 3, "duplicated mapping key"],
    ["with an unknown alias", "a: 1\nb: *c\n", 2, 'unidentified alias "c"'],
    ["with a tag", "a: !!binary aGVsbG8=\n", 1, "unknown scalar tag !<tag:yaml.org,2002:binary>"],
    ["with a mapping as a key", "a: 1\n? [b]\n: c\n", 1, "object-based map does not support complex keys"],
    [
      "with a key that reading passes over",
      "a:\n  b: 1\n  __proto__: {}\n",
      3,
      '"__proto__" cannot be a key',
    ],
    ["with tabs for indentation", "a:\n\tb: 1\n", 2, "tab characters must not be used in indentation"],
  ];
  for (const [what, text, line, message] of cases) {
    test(`is refused ${what}`, () => {
      assert.throws(
        () => parseYaml(text),
        (error) => {
          assert.ok(error instanceof YamlError, String(error));
          assert.deepEqual([error.line, error.message], [line, message]);
          return true;
        },
      );
    });
  }

  test("is refused before it can exhaust memory or the stack", () => {
    assert.throws(() => parseYaml(`a: ${"[".repeat(100_000)}`), YamlError);
    const bomb = `a: &a [x]\nb: [${"*a,".repeat(2000)}]\n`;
    assert.throws(() => parseYaml(bomb), YamlError);
  });
});
