import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { definition, draft } from "./drafting.js";

/** Where requests go by a definition, and what is told of it. */
function read(parts: object) {
  const { apis, notes } = draft(definition(parts));
  const { pathPrefix, production, sandbox } = apis[0] ?? assert.fail("no API");
  return { pathPrefix, production, sandbox, notes };
}

const swagger = (parts: object) => read({ openapi: undefined, servers: undefined, swagger: "2.0", ...parts });
const LOCAL = "http://127.0.0.1:8080";
const noHost = (place: string) =>
  `a.yaml: ${place}: names no host: requests go to ${LOCAL}; put the backend's address in its place`;
const noPath = (place: string) =>
  `a.yaml: ${place}: tells no path: the prefix is /, so all requests are for this API`;

describe("the servers of a definition", () => {
  test("tell the prefix and the backend, which gets the path as it is", () => {
    assert.deepEqual(read({ servers: [{ url: "https://api.example.com:8443/v1/orders/" }] }), {
      pathPrefix: "/v1/orders",
      production: "https://api.example.com:8443",
      sandbox: null,
      notes: [],
    });
  });

  test("have variables, which are filled with their defaults", () => {
    const variables = { host: { default: "a.example" }, port: { enum: [8443, 443] }, base: { default: "" } };
    const url = "https://{host}:{port}/{base}v1";
    const { pathPrefix, production, notes } = read({ servers: [{ url, variables }] });
    assert.deepEqual([pathPrefix, production, notes], ["/v1", "https://a.example:8443", []]);
  });

  for (const url of ["/v1", "v1", "./v1/", "../v1"]) {
    test(`may tell a path alone: ${url}`, () => {
      const { pathPrefix, production, notes } = read({ servers: [{ url }] });
      assert.deepEqual([pathPrefix, production, notes], ["/v1", LOCAL, [noHost("servers[0].url")]]);
    });
  }

  for (const [what, servers, place] of [
    ["no servers", undefined, "servers"],
    ["an empty list of servers", [], "servers"],
    ["the server /", [{ url: "/" }], "servers[0].url"],
    ["a server without a URL", [{ description: "Production" }], "servers[0].url"],
  ] as const) {
    test(`tell nothing where there is ${what}`, () => {
      assert.deepEqual(read({ servers }), {
        pathPrefix: "/",
        production: LOCAL,
        sandbox: null,
        notes: [noHost(place), noPath(place)],
      });
    });
  }

  test("give the one API all paths where they tell none", () => {
    const { pathPrefix, production, notes } = read({ servers: [{ url: "https://api.example.com" }] });
    assert.deepEqual(
      [pathPrefix, production, notes],
      ["/", "https://api.example.com", [noPath("servers[0].url")]],
    );
  });

  for (const path of ["/a%20b", "/größe", "/a//b", "/a;v=1"]) {
    test(`tell a path that cannot be a prefix, which the backend then gets all the same: ${path}`, () => {
      const { pathPrefix, production, notes } = read({ servers: [{ url: `https://a.example${path}` }] });
      const sent = encodeURI(decodeURI(path));
      assert.deepEqual([pathPrefix, production], ["/orders/v1", `https://a.example${sent}`]);
      assert.deepEqual(notes, [
        `a.yaml: servers[0].url: tells the path ${sent}, which cannot be a prefix here: the prefix is /orders/v1, of which the backend sees nothing`,
      ]);
    });
  }

  for (const url of [
    "ftp://a.example",
    "https://",
    "https://{region}.example",
    "localhost:8080",
    "http://a b",
  ]) {
    test(`are told of and left out where they are none of HTTP: ${url}`, () => {
      const { production, notes } = read({ servers: [{ url }, { url: "https://b.example/v1" }] });
      assert.equal(production, "https://b.example");
      assert.deepEqual(notes, [`a.yaml: servers[0].url: "${url}" is no address of HTTP: it is left out`]);
    });
  }

  test("keep what stands before the host to themselves", () => {
    assert.equal(
      read({ servers: [{ url: "https://ann:secret@a.example/v1?key=secret" }] }).production,
      "https://a.example",
    );
  });
});

describe("of several servers", () => {
  const production = { url: "https://api.example.com/v1", description: "The latest (production)" };
  const taken = "is taken for the sandbox, by what it is called: requests with keys of the sandbox go there";
  const leftOut = "is left out: requests go to https://api.example.com/v1";

  for (const [what, server] of [
    ["its description", { url: "https://try.example.com/v1", description: "Sandbox server (test data)" }],
    ["its name", { url: "https://try.example.com/v1", name: "staging" }],
    ["its host", { url: "https://api-test.example.com/v1" }],
  ] as const) {
    test(`one is the sandbox by ${what}, whichever comes first`, () => {
      const [sandbox] = server.url.split("/v1");
      for (const [servers, index] of [
        [[production, server], 1],
        [[server, production], 0],
      ] as const) {
        const { notes, ...rest } = read({ servers });
        assert.deepEqual(rest, { pathPrefix: "/v1", production: "https://api.example.com", sandbox });
        assert.deepEqual(notes, [`a.yaml: servers[${index}].url: ${taken}`]);
      }
    });
  }

  test("a sandbox with another path gets that", () => {
    const read1 = read({ servers: [production, { url: "https://sandbox.example.com/try/v1" }] });
    assert.deepEqual([read1.pathPrefix, read1.sandbox], ["/v1", "https://sandbox.example.com/try/v1"]);
    const read2 = read({ servers: [production, { url: "https://sandbox.example.com" }] });
    assert.deepEqual([read2.pathPrefix, read2.sandbox], ["/v1", "https://sandbox.example.com/"]);
  });

  test("all others are left out", () => {
    const sandbox = { url: "https://sandbox.example.com/v1" };
    const servers = [production, { url: "https://eu.example.com/v1" }, sandbox, { url: "//test.example" }];
    assert.deepEqual(read({ servers }).notes, [
      `a.yaml: servers[1].url: ${leftOut}`,
      `a.yaml: servers[2].url: ${taken}`,
      `a.yaml: servers[3].url: ${leftOut}`,
    ]);
  });

  test("the first is the backend where all are for trying out", () => {
    const servers = [{ url: "https://staging.example/v1" }, { url: "https://sandbox.example/v1" }];
    const { production, sandbox } = read({ servers });
    assert.deepEqual([production, sandbox], ["https://staging.example", "https://sandbox.example"]);
  });
});

describe("OpenAPI 2.0", () => {
  test("has host, base path and schemes", () => {
    const parts = { host: "api.example.com:8443", basePath: "/v1", schemes: ["ws", "http", "https"] };
    assert.deepEqual(swagger(parts), {
      pathPrefix: "/v1",
      production: "https://api.example.com:8443",
      sandbox: null,
      notes: [],
    });
    assert.equal(swagger({ ...parts, schemes: ["http"] }).production, "http://api.example.com:8443");
  });

  test("may tell no scheme, no host or no path", () => {
    const noScheme = swagger({ host: "api.example.com", basePath: "v1" });
    assert.deepEqual([noScheme.pathPrefix, noScheme.production], ["/v1", "http://api.example.com"]);
    assert.deepEqual(noScheme.notes, ["a.yaml: schemes: tells neither http nor https: http is taken"]);
    const nowhere = swagger({ basePath: "/v1" });
    assert.deepEqual([nowhere.pathPrefix, nowhere.production], ["/v1", LOCAL]);
    assert.deepEqual(nowhere.notes, [noHost("host")]);
    const nothing = swagger({});
    assert.deepEqual([nothing.pathPrefix, nothing.production], ["/", LOCAL]);
    assert.deepEqual(nothing.notes, [noHost("host"), noPath("host")]);
  });

  test("may have a host that is none", () => {
    const { production, notes } = swagger({ host: "a b", basePath: "/v1", schemes: ["https"] });
    assert.equal(production, LOCAL);
    assert.equal(notes[0], 'a.yaml: host: "https://a b/v1" is no address of HTTP: it is left out');
  });
});
