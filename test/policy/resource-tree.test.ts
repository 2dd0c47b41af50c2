import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { pathSegments } from "../../src/policy/path.js";
import { operationIdentity, parseOperation, ResourceTree } from "../../src/policy/resource-tree.js";

function treeOf(operations: readonly string[]): ResourceTree<string> {
  const tree = new ResourceTree<string>();
  for (const text of operations) {
    const operation = parseOperation(text);
    assert.ok(operation, text);
    tree.add(operation, text);
  }
  return tree;
}

describe("the operation of a request", () => {
  const operations = [
    "GET /items/{id}",
    "GET /items/special",
    "POST /items",
    "* /items/{id}",
    "GET /reports/*",
  ];
  operations.push("DELETE /items/{id}/notes/{note}", "GET /items/*", "HEAD /health", "GET /health", "GET /");
  const tree = treeOf(operations);
  const cases: [string, string, string | null][] = [
    ["GET", "/items/7", "GET /items/{id}"],
    ["GET", "/items/special", "GET /items/special"],
    ["PUT", "/items/special", "* /items/{id}"],
    ["POST", "/items", "POST /items"],
    ["POST", "/items/", "POST /items"],
    ["PUT", "/items", null],
    ["PATCH", "/items/7", "* /items/{id}"],
    ["HEAD", "/items/7", "GET /items/{id}"],
    ["HEAD", "/health", "HEAD /health"],
    ["DELETE", "/items/7/notes/8", "DELETE /items/{id}/notes/{note}"],
    ["GET", "/items/7/notes/8", "GET /items/*"],
    ["GET", "/items/special/notes", "GET /items/*"],
    ["GET", "/items", "GET /items/*"],
    ["GET", "/reports", "GET /reports/*"],
    ["GET", "/reports/2024/05", "GET /reports/*"],
    ["POST", "/reports/2024", null],
    ["GET", "/", "GET /"],
    ["GET", "/other", null],
    ["get", "/items/7", "* /items/{id}"],
  ];
  for (const [method, path, operation] of cases) {
    test(`${method} ${path} is ${operation ?? "none"}`, () => {
      assert.equal(tree.find(method, pathSegments(path)), operation);
    });
  }

  test("is looked up behind the API's prefix", () => {
    assert.equal(tree.find("GET", ["shop", "v1", "items", "special"], 2), "GET /items/special");
  });

  test("is found however the policy spells its path", () => {
    const tree = treeOf(["GET /caf%c3%a9/{id}", "GET /%7Euser", "GET /a/./b", "GET //double"]);
    assert.equal(tree.find("GET", ["caf%C3%A9", "1"]), "GET /caf%c3%a9/{id}");
    assert.equal(tree.find("GET", ["~user"]), "GET /%7Euser");
    assert.equal(tree.find("GET", ["a", "b"]), "GET /a/./b");
    assert.equal(tree.find("GET", ["double"]), "GET //double");
  });
});

describe("an operation in the policy file", () => {
  const rejects = ["", "GET", "/items", "get /items", "GET items", "GET  /items", "GET /items ", "GET /a b"];
  rejects.push("GET /items?x=1", "GET /items#a", "GET /*/items", "GET /items*", "GET /{id", "GET /{a}-{b}");
  rejects.push("GET /{}", "GET, POST /items", "** /items");
  for (const text of rejects) {
    test(`cannot be ${JSON.stringify(text)}`, () => assert.equal(parseOperation(text), null));
  }

  test("is the same as another that no request can tell from it", () => {
    const identity = (text: string) => {
      const operation = parseOperation(text);
      return operation && operationIdentity(operation);
    };
    assert.equal(identity("GET /a/{id}"), identity("GET /a/{other}/"));
    assert.equal(identity("GET /%61/./b"), identity("GET /a/b"));
    assert.notEqual(identity("GET /a/{id}"), identity("PUT /a/{id}"));
    assert.notEqual(identity("GET /a/{id}"), identity("GET /a/id"));
    assert.notEqual(identity("GET /a/{id}"), identity("GET /a/*"));
  });
});

/** What the tree does in one walk, as a comparison of all operations. */
function bruteForce(operations: readonly string[], method: string, path: readonly string[]): string | null {
  const matching = operations.flatMap((text) => {
    const [verb = "", template = ""] = text.split(" ");
    const parts = pathSegments(template);
    const isOpen = parts.at(-1) === "*";
    const fixed = isOpen ? parts.slice(0, -1) : parts;
    if (isOpen ? path.length < fixed.length : path.length !== fixed.length) return [];
    if (!fixed.every((part, i) => part.startsWith("{") || part === path[i])) return [];
    const methodRank = [method, method === "HEAD" ? "GET" : method, "*"].indexOf(verb);
    if (methodRank < 0) return [];
    const ranks = fixed.map((part) => (part.startsWith("{") ? "2" : "1"));
    return [{ text, rank: `${ranks.join("")}${isOpen ? "3" : "0"}${methodRank}` }];
  });
  matching.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return matching[0]?.text ?? null;
}

const segment = fc.constantFrom("a", "b", "{x}");
const anyOperation = fc
  .tuple(
    fc.constantFrom("GET", "HEAD", "POST", "*"),
    fc.array(segment, { maxLength: 3 }),
    fc.constantFrom("", "/*"),
  )
  .map(([verb, parts, end]) => `${verb} /${parts.join("/")}${parts.length > 0 || end === "" ? end : "*"}`);
const anyOperations = fc.uniqueArray(anyOperation, { minLength: 1, maxLength: 12 });
const anyRequest = fc.record({
  method: fc.constantFrom("GET", "HEAD", "POST", "PUT"),
  path: fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 4 }),
});

describe("the tree of operations", () => {
  test("finds what comparing all operations finds: the most specific", () => {
    fc.assert(
      fc.property(anyOperations, anyRequest, (operations, { method, path }) => {
        assert.equal(treeOf(operations).find(method, path), bruteForce(operations, method, path));
      }),
      { numRuns: 3000 },
    );
  });

  test("finds the same in whatever order they were added", () => {
    const shuffled = anyOperations.chain((operations) =>
      fc.tuple(fc.constant(operations), fc.shuffledSubarray(operations, { minLength: operations.length })),
    );
    fc.assert(
      fc.property(shuffled, anyRequest, ([one, other], { method, path }) => {
        assert.equal(treeOf(one).find(method, path), treeOf(other).find(method, path));
      }),
      { numRuns: 500 },
    );
  });
});
