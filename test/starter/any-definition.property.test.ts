import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parsePolicy } from "../../src/config/load.js";
import { inOneLine } from "../../src/config/problem.js";
import { Notes } from "../../src/document/notes.js";
import { parseFile, type TextFile } from "../../src/document/parse-file.js";
import { draftApis } from "../../src/openapi/api.js";
import { operationIdentity, parseOperation } from "../../src/policy/resource-tree.js";
import { writeStarter } from "../../src/starter/policy.js";

const keys = { production: "demo-1", sandbox: "demo-sandbox-1" };

/** Whatever files hold, they are refused by name, or the policy that is made of them loads. Null where they are refused. */
function policyOf(files: readonly TextFile[]) {
  const notes = new Notes();
  const parsed = files.map(parseFile);
  const mistakes = parsed.flatMap((file) => (file.kind === "mistake" ? file.mistake : []));
  const documents = parsed.flatMap((file) => (file.kind === "document" ? file.document : []));
  const apis = draftApis(documents, notes);
  for (const line of [...mistakes, ...notes.mistakes, ...notes.notes]) {
    assert.ok(
      files.some(({ file }) => line.startsWith(`${file}:`)),
      line,
    );
    assert.doesNotMatch(line, /\p{Cc}/u);
  }
  if (mistakes.length + notes.mistakes.length > 0) return null;
  const text = writeStarter({ apis, keys, schema: null });
  const { file, warnings } = parsePolicy(text, "policy.yaml");
  assert.deepEqual(warnings, []);
  const switchedOn = text.replaceAll(/^( *)#(?=[^ ])/gm, "$1");
  assert.deepEqual(parsePolicy(switchedOn, "switched on").warnings, []);
  return { file, notes: notes.notes };
}

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "Orders",
    "v1",
    "1.0",
    "null",
    "true",
    "1e3",
    "chat",
    "~",
    "#",
    "- a: b",
    ": ",
    "\ud800",
    "a\nb",
  ),
  fc.constantFrom("x".repeat(2000), "---", "é", "\u2028", "\ufeff", "__proto__", "constructor", "2001-01-01"),
);
const segment = fc.oneof(
  fc.constantFrom(
    "items",
    "{id}",
    "{other}",
    "*",
    "a.json",
    "{a}.json",
    "{a}:{b}",
    "..",
    "",
    "%2F",
    "%zz",
    "größe",
    "a;b",
  ),
  text,
);
const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join("/")}`);
const url = fc.oneof(
  path,
  fc
    .tuple(fc.constantFrom("https://", "http://", "//", "ftp://", ""), fc.webAuthority(), path)
    .map((p) => p.join("")),
  fc.webUrl(),
  text,
);
const server = fc.record(
  {
    url: fc.oneof(
      url,
      url.map((text) => `${text}{id}`),
    ),
    description: fc.oneof(text, fc.constantFrom("Production", "Sandbox", "for testing")),
    variables: fc.dictionary(fc.constantFrom("id", "a", "$&"), fc.record({ default: text })),
  },
  { requiredKeys: ["url"] },
);
const methods = fc.uniqueArray(
  fc.constantFrom("get", "put", "post", "delete", "trace", "head", "query", "x-a", "$ref"),
);
const paths = fc
  .array(fc.tuple(fc.oneof(path, text), methods), { maxLength: 8 })
  .map((entries) => Object.fromEntries(entries.map(([path, names]) => [path, item(names)])));
const item = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, name === "$ref" ? "#/paths/~1items" : {}]));
const info = fc.record({ title: text, version: text }, { requiredKeys: [] });
const openApi = fc.oneof(
  fc.record(
    { openapi: fc.constantFrom("3.0.3", "3.1.0"), info, servers: fc.array(server, { maxLength: 4 }), paths },
    { requiredKeys: ["openapi"] },
  ),
  fc.record(
    {
      swagger: fc.constant("2.0"),
      info,
      host: fc.oneof(fc.webAuthority(), text),
      basePath: path,
      schemes: fc.array(fc.constantFrom("http", "https", "ws")),
      paths,
    },
    { requiredKeys: ["swagger"] },
  ),
);

const asFiles = (values: readonly unknown[]) =>
  values.map((value, i) => ({ file: `api-${i}.json`, text: JSON.stringify(value) }));

describe("whatever OpenAPI definitions hold", () => {
  test("the policy loads, and its resources are their operations, or they are told of", () => {
    fc.assert(
      fc.property(fc.array(openApi, { minLength: 1, maxLength: 3 }), (definitions) => {
        const made = policyOf(asFiles(definitions)) ?? assert.fail("was refused");
        assert.equal(made.file.apis?.length, definitions.length);
        for (const [i, { paths = {} }] of definitions.entries()) {
          const told = made.notes.filter((note) => note.startsWith(`api-${i}.json`));
          assertAgree(paths, made.file.apis?.[i]?.resources ?? [], told);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("the policy loads or they are refused by name, with anything in the place of their parts", () => {
    const places = ["info", "servers", "paths", "openapi", "host", "schemes", "basePath"];
    const change = fc.tuple(fc.constantFrom(...places), fc.jsonValue());
    fc.assert(
      fc.property(openApi, fc.array(change, { maxLength: 3 }), (definition, changes) => {
        policyOf(asFiles([{ ...definition, ...Object.fromEntries(changes) }]));
      }),
      { numRuns: 1000 },
    );
  });

  test("the policy loads or they are refused by name, whatever text they are", () => {
    const file = fc.constantFrom("a.yaml", "a.json", "a");
    fc.assert(
      fc.property(text, file, (text, file) => {
        policyOf([{ file, text }]);
        policyOf([{ file, text: `openapi: 3.0.0\n${text}` }]);
      }),
      { numRuns: 1000 },
    );
  });
});

type Paths = Readonly<Record<string, object>>;

/** Each operation is a resource, or a note tells that it is none; and nothing else is a resource. */
function assertAgree(paths: Paths, resources: readonly { match: string }[], notes: readonly string[]): void {
  const asked = operationsIn(paths);
  const shown = new Set(resources.map(({ match }) => identity(match)));
  assert.equal(shown.size, resources.length);
  const known = new Set(asked.map(identity));
  for (const resource of shown) assert.ok(known.has(resource), resource);
  for (const operation of asked) {
    const isTold = notes.some((note) => note.includes(inOneLine(`"${operation}" is left out: `)));
    assert.ok(shown.has(identity(operation)) || isTold, operation);
  }
}

/** `GET /items` for every operation, those that `$ref` leads to included. */
function operationsIn(paths: Paths): string[] {
  return Object.entries(paths).flatMap(([path, item]) => {
    if (path.startsWith("x-")) return [];
    const referred = Object.hasOwn(item, "$ref") ? Object.keys(paths["/items"] ?? {}) : [];
    const names = [...Object.keys(item), ...referred].filter((name) => /^[a-z]+$/.test(name));
    return names.map((name) => `${name.toUpperCase()} ${path.startsWith("/") ? path : `/${path}`}`);
  });
}

function identity(match: string): string {
  const operation = parseOperation(match);
  return operation ? operationIdentity(operation) : match;
}
