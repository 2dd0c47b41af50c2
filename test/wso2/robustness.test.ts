import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parsePolicy } from "../../src/config/load.js";
import { parseFile, type TextFile } from "../../src/document/parse-file.js";
import { WeirError } from "../../src/errors.js";
import { importFiles } from "../../src/wso2/import-folder.js";

const FIXTURES = "test/wso2/fixtures";
const files: TextFile[] = readdirSync(FIXTURES, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(yaml|json)$/.test(name))
  .sort()
  .map((name) => ({ file: name, text: readFileSync(`${FIXTURES}/${name}`, "utf8") }));

/** Whatever the files hold, weir takes the policy that is made of them, or they are refused by name. */
function assertAnswered(files: readonly TextFile[]): void {
  let text = "";
  try {
    text = importFiles("exports", { files, archives: [], mistakes: [] }).text;
  } catch (error) {
    assert.ok(error instanceof WeirError, error instanceof Error ? error.stack : String(error));
    const [summary = "", ...lines] = error.message.split("\n");
    if (error.code === "IMPORT_UNREADABLE") {
      assert.match(summary, /^there is nothing of WSO2 API Manager to import in exports$/);
    } else {
      assert.equal(error.code, "IMPORT_INVALID");
      assert.match(summary, /^\d+ mistakes? in what is to be imported$/);
      assert.ok(lines.length > 0);
      for (const line of lines)
        assert.ok(
          files.some(({ file }) => line.startsWith(`${file}:`)),
          line,
        );
    }
    return;
  }
  parsePolicy(text, "policy.yaml");
}

/** The fixtures as plain values, to change parts of. */
const documents = files.map((file) => {
  const parsed = parseFile(file);
  assert.equal(parsed.kind, "document");
  return { file: `${file.file}.json`, value: plain(file) };
});

function plain({ file, text }: TextFile): unknown {
  return file.endsWith(".json") ? JSON.parse(text) : yamlValue({ file, text });
}

/** Reads the fixture's YAML through the importer's own reader. */
function yamlValue(file: TextFile): unknown {
  const parsed = parseFile(file);
  if (parsed.kind !== "document") return assert.fail(parsed.mistake);
  const take = (field: typeof parsed.document): unknown => {
    if (field.isMapping) return Object.fromEntries(field.entries().map(([key, part]) => [key, take(part)]));
    const items = field.items();
    if (items.length === 1 && items[0] === field) return field.text() ?? null;
    return items.map(take);
  };
  return take(parsed.document);
}

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    1,
    -1,
    1.5,
    1e15,
    "",
    "0",
    "-1",
    "min",
    "Gold",
    "Unlimited",
    "__proto__",
  ),
  fc.constantFrom(
    "\ud800",
    "\u0000",
    "a\nb",
    "%",
    "{",
    "{version}",
    "/",
    "//",
    "/a?b",
    "a b",
    "$userId",
    "$",
    "10.0.0.1",
  ),
  fc.constantFrom(
    "constructor",
    "GET",
    "AIAPIQUOTALIMIT",
    "BANDWIDTHLIMIT",
    "None",
    "AISmall",
    "Groups",
    "://",
    "[",
    "(?i)a",
  ),
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.double(),
  fc.jsonValue(),
);

function placesIn(value: unknown, place: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [place];
  return [place, ...Object.entries(value).flatMap(([key, part]) => placesIn(part, [...place, key]))];
}

function withPart(value: unknown, [key, ...rest]: readonly (string | number)[], part: unknown): unknown {
  if (key === undefined) return part;
  if (typeof value !== "object" || value === null) return value;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string | number, unknown>;
  copy[key] = withPart(copy[key], rest, part);
  return copy;
}

const change = fc
  .nat({ max: documents.length - 1 })
  .chain((index) => fc.tuple(fc.constant(index), fc.constantFrom(...placesIn(documents[index]?.value)), odd));

describe("whatever the exports hold, they are imported or refused by name:", () => {
  test("the fixtures with some of their parts replaced", () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const values = documents.map(({ value }) => value);
        for (const [index, place, part] of changes) values[index] = withPart(values[index], place, part);
        assertAnswered(
          documents.map(({ file }, index) => ({ file, text: JSON.stringify(values[index] ?? null) })),
        );
      }),
      { numRuns: 200 },
    );
  });

  test("one fixture alone with many of its parts replaced", () => {
    const one = fc.nat({ max: documents.length - 1 }).chain((index) => {
      const places = fc.constantFrom(...placesIn(documents[index]?.value));
      return fc.tuple(fc.constant(index), fc.array(fc.tuple(places, odd), { minLength: 1, maxLength: 10 }));
    });
    fc.assert(
      fc.property(one, ([index, changes]) => {
        const { file, value } = documents[index] ?? assert.fail();
        const changed = changes.reduce((at, [place, part]) => withPart(at, place, part), value);
        assertAnswered([{ file, text: JSON.stringify(changed ?? null) }]);
      }),
      { numRuns: 2000 },
    );
  });

  test("the fixtures with their text cut or overwritten", () => {
    const cut = fc.nat({ max: files.length - 1 }).chain((index) => {
      const length = files[index]?.text.length ?? 0;
      const patch = fc.oneof(
        fc.constantFrom("", "\n", ": ", "- ", "{", "]", "&a ", "*a", "!!str ", "|", "---\n"),
        fc.string(),
      );
      return fc.tuple(fc.constant(index), fc.nat({ max: length }), fc.nat({ max: 40 }), patch);
    });
    fc.assert(
      fc.property(cut, ([index, from, count, patch]) => {
        const { file, text } = files[index] ?? assert.fail();
        assertAnswered([{ file, text: text.slice(0, from) + patch + text.slice(from + count) }]);
      }),
      { numRuns: 2000 },
    );
  });

  test("any text at all, as YAML and as JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom("a.yaml", "a.yml", "a.json"), (text, file) =>
        assertAnswered([{ file, text }]),
      ),
      { numRuns: 1000 },
    );
  });

  test("nests and repeats without end", () => {
    const deep = "[".repeat(100_000);
    for (const file of ["deep.json", "deep.yaml"]) assertAnswered([{ file, text: deep }]);
    const bomb = ["a: &a [1,1,1,1,1,1,1,1,1]"];
    for (const [name, last] of ["ba", "cb", "dc", "ed", "fe", "gf"]) {
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${last}`).join()}]`);
    }
    assertAnswered([{ file: "bomb.yaml", text: `${bomb.join("\n")}\nlist: *g\ncount: 1\n` }]);
  });
});
