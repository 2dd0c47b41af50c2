import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { load } from "js-yaml";
import type { Config, ConfigValue } from "../../src/envoy-config/config.js";
import { writeYaml } from "../../src/envoy-config/yaml.js";

/** Without what stands for comments. */
function bare(value: ConfigValue): ConfigValue {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith("# "))
      .map(([key, inner]) => [key, bare(inner)]),
  );
}

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    ...[
      "# no comment",
      "# x: null",
      "- a",
      "- # b",
      "a: b",
      "null",
      "true",
      "1e3",
      "1:2",
      "~",
      "",
      " ",
      "- ",
    ],
    ...[
      '"quoted"',
      "it's",
      "\\",
      '\\"',
      "a # b",
      "\n",
      "a\nb\n",
      "\t",
      "*",
      "&a",
      "!b",
      "%c",
      "@d",
      "`e",
      "{",
      "[",
    ],
    ...[
      '"# x": null',
      '- "# x": null',
      "\u2028",
      "\u0085",
      "caf\u00e9",
      "\ud83d\ude00",
      "0x1f",
      "01",
      "yes",
      "=",
      "<<",
      ">-",
    ],
  ),
);

const key = text.filter((name) => !/^# |\n/.test(name) && name !== "__proto__");
const word = fc.constantFrom("word", '"quoted"', "\\n", "it's", "#", "null:", "\u00e9", "x".repeat(150));
const comment = fc.array(word, { maxLength: 6 }).map((words) => `# ${words.join(" ")}`);

const { config } = fc.letrec<{ config: Config; value: ConfigValue }>((tie) => ({
  config: fc
    .array(fc.tuple(fc.option(comment, { nil: null }), key, tie("value")), { minLength: 1, maxLength: 4 })
    .map((entries) =>
      Object.fromEntries(
        entries.flatMap(([said, name, value]): [string, ConfigValue][] => [
          ...(said === null ? [] : [[said, null] as [string, null]]),
          [name, value],
        ]),
      ),
    ),
  value: fc.oneof(
    { depthSize: "small" },
    fc.oneof(
      text,
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("config"),
  ),
}));

describe("configuration as YAML", () => {
  test("is what it was when it is read, whatever its comments", () => {
    fc.assert(
      fc.property(config, fc.string(), (value, head) => {
        assert.deepEqual(load(writeYaml(value, head.replace(/[^ -~]/g, ""))), bare(value));
      }),
      { numRuns: 2000 },
    );
  });

  test("has its comments above what they are about", () => {
    const value: Config = {
      "# The first.": null,
      a: 1,
      list: [
        { "# Of an item.": null, "# And more.": null, b: 2, "# Of its second.": null, c: [] },
        [{ "# In a list of a list.": null, d: { "# Deep.": null, e: "x" } }],
        { f: 3, "# At the end.": null },
      ],
    };
    const expected = `# Above all.
# The first.
a: 1
list:
  # Of an item.
  # And more.
  - b: 2
    # Of its second.
    c: []
  # In a list of a list.
  - - d:
        # Deep.
        e: x
  - f: 3
    # At the end.
`;
    assert.equal(writeYaml(value, "Above all."), expected);
  });

  test("has comments in lines of 120 characters, or of one word", () => {
    const words = Array.from({ length: 100 }, (_, i) => `word${i}`).join(" ");
    const long = "x".repeat(150);
    const lines = writeYaml({ a: { [`# ${words} ${long} end`]: null, b: 1 } }, words).split("\n");
    assert.ok(lines.length > 10);
    for (const line of lines) assert.ok(line.length <= 120 || line.endsWith(`# ${long}`), line);
    const said = lines.filter((line) => /^ +#/.test(line)).map((line) => line.replace(/^ +# /, ""));
    assert.equal(said.join(" "), `${words} ${long} end`);
  });
});
