import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { definition, draft } from "./drafting.js";

/** What becomes of the operations of a definition with these paths; those that are left out in parentheses. */
function read(paths: object, parts: object = {}) {
  const { apis, notes, mistakes } = draft(definition({ paths, ...parts }));
  assert.deepEqual(mistakes, []);
  const resources = apis[0]?.resources ?? assert.fail("no API");
  const shown = resources.map((r) => (r.kind === "listed" ? r.match : `(${r.operation})`));
  return { resources: shown, notes };
}

describe("the operations of a definition", () => {
  test("are the resources of the API, in its order", () => {
    const { resources, notes } = read({
      "/items/{id}": { put: {}, parameters: [], get: {}, summary: "One item", trace: {}, "x-get": {} },
      "/items": { post: {}, get: {}, head: {}, options: {}, patch: {}, delete: {} },
      "x-paths": { get: {} },
      "/files/*": { get: {} },
    });
    assert.deepEqual(
      resources,
      "PUT /items/{id},GET /items/{id},TRACE /items/{id},POST /items,GET /items,HEAD /items,OPTIONS /items,"
        .concat("PATCH /items,DELETE /items,GET /files/*")
        .split(","),
    );
    assert.deepEqual(notes, []);
  });

  test("may have methods of OpenAPI 3.2", () => {
    const item = { query: {}, additionalOperations: { COPY: {}, "not one": {} } };
    const { resources, notes } = read({ "/items": item });
    assert.deepEqual(resources, ["QUERY /items", "COPY /items", "(not one /items)"]);
    assert.deepEqual(notes, [
      'a.yaml: paths["/items"].additionalOperations["not one"]: "not one /items" is left out: the method is none of HTTP',
    ]);
  });

  const template =
    "each part between slashes is either text or one {parameter}, and * stands at the end alone";
  const query = "only paths are matched, without a query, a fragment or blanks";
  for (const [path, why] of [
    ["/items/{id}.json", template],
    ["/{a}:{b}", template],
    ["/items/{a}-{b}", template],
    ["/items/{}", template],
    ["/*/items", template],
    ["/items?type={type}", query],
    ["/items#first", query],
    ["/all items", query],
  ] as const) {
    test(`are told of and left out where the path is ${path}`, () => {
      const { resources, notes } = read({ [path]: { get: {} }, "/items": { get: {} } });
      assert.deepEqual(resources, [`(GET ${path})`, "GET /items"]);
      assert.deepEqual(notes, [`a.yaml: paths["${path}"].get: "GET ${path}" is left out: ${why}`]);
    });
  }

  test("are listed once where requests cannot be told apart", () => {
    const { resources, notes } = read({ "/a/{b}": { get: {} }, "/a/{c}/": { get: {}, put: {} } });
    assert.deepEqual(resources, ["GET /a/{b}", "(GET /a/{c}/)", "PUT /a/{c}/"]);
    assert.deepEqual(notes, [
      'a.yaml: paths["/a/{c}/"].get: "GET /a/{c}/" is left out: it is the same as "GET /a/{b}"',
    ]);
  });

  test("have no servers of their own, and one note for each place that says so", () => {
    const servers = [{ url: "https://elsewhere.example" }];
    const { notes } = read({ "/a": { servers, get: {}, put: {} }, "/b": { get: { servers } } });
    const why = "are left out: all requests to an API go to the same servers";
    assert.deepEqual(notes, [
      `a.yaml: paths["/a"].servers: ${why}`,
      `a.yaml: paths["/b"].get.servers: ${why}`,
    ]);
  });

  test("may be none", () => {
    assert.deepEqual(read({}), {
      resources: [],
      notes: ["a.yaml: paths: has no operations: the API lists none"],
    });
  });
});

describe("a $ref of a path", () => {
  test("is followed within the file, and adds to what stands beside it", () => {
    const components = { pathItems: { Item: { get: {} }, Again: { $ref: "#/components/pathItems/Item" } } };
    const paths = {
      "/a/{id}": { $ref: "#/components/pathItems/Item", delete: {} },
      "/b": { $ref: "#/components/pathItems/Again" },
      "/c": { $ref: "#/paths/~1a~1%7Bid%7D" },
    };
    assert.deepEqual(read(paths, { components }), {
      resources: ["DELETE /a/{id}", "GET /a/{id}", "GET /b", "DELETE /c", "GET /c"],
      notes: [],
    });
  });

  test("is told of where it leads elsewhere, nowhere or in a circle", () => {
    const paths = {
      "/a": { $ref: "other.yaml#/a", get: {} },
      "/b": { $ref: "#/components/pathItems/None" },
      "/c": { $ref: "#/paths/~1d" },
      "/d": { $ref: "#/paths/~1c", put: {} },
      "/e": { $ref: "#/%" },
    };
    const { resources, notes } = read(paths);
    assert.deepEqual(resources, ["GET /a", "PUT /c", "PUT /d"]);
    assert.deepEqual(notes, [
      'a.yaml: paths["/a"]["$ref"]: "other.yaml#/a" is not in this file, so its operations are left out: bundle it into one file',
      'a.yaml: paths["/b"]["$ref"]: "#/components/pathItems/None" leads to nothing: its operations are left out',
      'a.yaml: paths["/d"]["$ref"]: leads back to itself',
      'a.yaml: paths["/c"]["$ref"]: leads back to itself',
      'a.yaml: paths["/e"]["$ref"]: "#/%" leads to nothing: its operations are left out',
    ]);
  });
});
