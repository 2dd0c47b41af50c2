import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { definition, draft } from "./drafting.js";

const named = (info: object) => {
  const { apis, notes } = draft(definition({ info }));
  return [`${apis[0]?.name}/${apis[0]?.version}`, ...notes];
};

describe("an API is called", () => {
  test("by its title and version, as identifiers", () => {
    assert.deepEqual(named({ title: "Orders", version: "v1" }), ["orders/v1"]);
    assert.deepEqual(named({ title: "Swagger Petstore - OpenAPI 3.0", version: "1.0.7" }), [
      "swagger-petstore-openapi-3.0/1.0.7",
    ]);
    assert.deepEqual(named({ title: "  _Größen & Maße!", version: "v1" }), ["gro-en-ma-e/v1"]);
    assert.deepEqual(named({ title: "x".repeat(1000), version: "v1" }), [`${"x".repeat(64)}/v1`]);
  });

  test("by its file, where the title is no name or not there", () => {
    const note = "a.yaml: info.title: has nothing that could be a name: the API is called a, by its file";
    assert.deepEqual(named({ title: "注文", version: "v1" }), ["a/v1", note]);
    assert.deepEqual(named({ version: "v1" }), ["a/v1", note]);
  });

  test("with a version that is told, if it is not the one that is there", () => {
    assert.deepEqual(named({ title: "Orders", version: "1.0 (beta)" }), [
      "orders/1.0-beta",
      'a.yaml: info.version: "1.0 (beta)" becomes "1.0-beta"',
    ]);
    assert.deepEqual(named({ title: "Orders", version: "?" }), [
      "orders/v1",
      'a.yaml: info.version: "?" becomes "v1"',
    ]);
    assert.deepEqual(named({ title: "Orders" }), [
      "orders/v1",
      "a.yaml: info.version: is not there: the version is v1",
    ]);
  });
});

describe("of several APIs", () => {
  const of = (...definitions: object[]) => {
    const { apis, notes } = draft(...definitions);
    return { apis: apis.map((api) => [api.name, api.pathPrefix, api.production]), notes };
  };

  test("each has a name of its own", () => {
    const at = (path: string, title = "Orders") =>
      definition({ info: { title, version: "v1" }, servers: [{ url: `https://a.example${path}` }] });
    const { apis, notes } = of(at("/a"), at("/b"), at("/c", "ORDERS"), at("/d", "Orders 2"));
    assert.deepEqual(
      apis.map(([name]) => name),
      ["orders", "orders-2", "orders-3", "orders-2-2"],
    );
    assert.equal(
      notes[0],
      "b.yaml: info.title: there is an API orders/v1 already: this one is called orders-2",
    );
    assert.equal(notes.length, 3);
  });

  test("each has a prefix of its own, of which the backend sees nothing where it is another than its path", () => {
    const at = (title: string, url: string) =>
      definition({ info: { title, version: "v1" }, servers: [{ url }] });
    const { apis, notes } = of(
      at("A", "https://a.example/api"),
      at("B", "https://b.example/api/"),
      at("C", "https://c.example"),
      at("D", "https://d.example/c/v1"),
      at("E", "https://e.example/f/v1"),
      at("F", "https://f.example"),
    );
    assert.deepEqual(apis, [
      ["a", "/api", "https://a.example"],
      ["b", "/b/v1", "https://b.example/api"],
      ["c", "/c/v1", "https://c.example/"],
      ["d", "/d/v1", "https://d.example/c/v1"],
      ["e", "/f/v1", "https://e.example"],
      ["f", "/f/v1-2", "https://f.example/"],
    ]);
    const end = (prefix: string) => `the prefix is ${prefix}, of which the backend sees nothing`;
    assert.deepEqual(notes, [
      `b.yaml: servers[0].url: tells the path /api, which is another API's: ${end("/b/v1")}`,
      `c.yaml: servers[0].url: tells no path that is this API's alone: ${end("/c/v1")}`,
      `d.yaml: servers[0].url: tells the path /c/v1, which is another API's: ${end("/d/v1")}`,
      `f.yaml: servers[0].url: tells no path that is this API's alone: ${end("/f/v1-2")}`,
    ]);
  });
});

describe("a document is refused", () => {
  for (const [what, value, mistake] of [
    [
      "that is no definition",
      { info: {} },
      "a.yaml: is no OpenAPI definition: it has neither openapi nor swagger",
    ],
    ["that is a list", [], "a.yaml: is no OpenAPI definition: it has neither openapi nor swagger"],
    [
      "of Swagger 1.2",
      { swagger: "1.2" },
      'a.yaml: swagger: "1.2" is no version of OpenAPI that is read: there are 2.0 and 3',
    ],
    [
      "of OpenAPI 4",
      { openapi: "4.0.0" },
      'a.yaml: openapi: "4.0.0" is no version of OpenAPI that is read: there are 2.0 and 3',
    ],
  ] as const) {
    test(what, () => {
      const { apis, mistakes } = draft(value);
      assert.deepEqual([apis, mistakes], [[], [mistake]]);
    });
  }

  test("but not one of any 3.x, nor a 2.0 that has become a number", () => {
    const versions = [{ openapi: "3.0.0" }, { openapi: "3.1.1" }, { openapi: "3.2.0" }, { swagger: 2.0 }];
    for (const version of versions)
      assert.deepEqual(draft(definition({ openapi: undefined, ...version })).mistakes, []);
  });
});
