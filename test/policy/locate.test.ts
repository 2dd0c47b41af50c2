import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { isDisguised, locate } from "../../src/policy/locate.js";
import type { HttpRequest } from "../../src/policy/request.js";
import { requestOf } from "../support/requests.js";

const { policy } = parsePolicy(
  `version: 1
apis:
  - name: orders
    version: v1
    match: { hosts: [api.example.com], pathPrefix: /orders/v1 }
    resources: [{ match: "GET /items/{id}" }, { match: "GET /items/search" }, { match: "POST /items" }]
  - { name: all, version: v1, match: { pathPrefix: / }, resources: [{ match: "GET /items/{id}" }] }
`,
  "policy",
);

function located(parts: Partial<Pick<HttpRequest, "method" | "host" | "path" | "route">>): string {
  const { api, resource } = locate(policy, requestOf(parts));
  return `${api?.ref} ${resource?.name}`;
}

describe("what a request is for", () => {
  test("is told by its host, path and method where the route says nothing", () => {
    assert.equal(located({ path: "/orders/v1/items/1" }), "orders/v1 GET /items/{id}");
    assert.equal(located({ path: "/orders/v1/items/1", host: "other" }), "all/v1 undefined");
    assert.equal(located({ path: "/items/1", host: "other" }), "all/v1 GET /items/{id}");
  });

  test("is of the API that the route names, whatever the path looks like", () => {
    const route = { api: "orders/v1", resource: null };
    assert.equal(located({ path: "/orders/v1/items/1", host: "other", route }), "orders/v1 GET /items/{id}");
    assert.equal(located({ path: "/elsewhere", route }), "orders/v1 undefined");
    assert.equal(located({ path: "/items/1", route }), "orders/v1 GET /items/{id}");
  });

  test("is of the resource that the route names only where the path tells none", () => {
    const route = { api: "orders/v1", resource: "GET /items/{id}" };
    assert.equal(located({ path: "/orders/v1/x/1", route }), "orders/v1 GET /items/{id}");
    assert.equal(located({ path: "/orders/v1/items/se%61rch", route }), "orders/v1 GET /items/search");
    assert.equal(
      located({ path: "/orders/v1", route: { ...route, resource: "GET /none" } }),
      "orders/v1 undefined",
    );
  });

  test("is told by the path where the route names an API that the policy does not have", () => {
    const route = { api: "gone/v1", resource: "GET /items/{id}" };
    assert.equal(located({ path: "/orders/v1/items/search", route }), "orders/v1 GET /items/search");
    assert.equal(located({ path: "/orders/v1", route }), "orders/v1 undefined");
  });
});

describe("a request is disguised", () => {
  const isIt = (path: string, api: string | null, host = "api.example.com") =>
    isDisguised(policy, requestOf({ path, host, route: { api, resource: null } }));

  test("where Envoy led it past the API that backends may take it for", () => {
    for (const api of ["all/v1", "none", "gone/v1"]) {
      assert.ok(isIt("/orders;v=1/v1/items", api), api);
      assert.ok(isIt("/%6frders/v1?a", api), api);
    }
  });

  test("where backends that know parameters climb, or step over a segment, and others do not", () => {
    for (const api of ["orders/v1", "all/v1", "none"]) {
      for (const path of ["/x/..;/orders/v1/items", "/x/%2e%2e%3Ba=b/orders/v1", "/x/.;/y"])
        assert.ok(isIt(path, api), `${path} ${api}`);
      for (const path of ["/;/orders/v1/items", "/orders/v1/;a/items"]) assert.ok(isIt(path, api), path);
    }
    assert.ok(!isIt("/orders/v1/;session=1", "orders/v1"));
    assert.ok(!isIt("/orders/v1/items/...;a", "orders/v1"));
  });

  test("but not where its prefix is spelt as Envoy reads it, or another host's", () => {
    assert.ok(!isIt("/orders/v1/items;v=1", "orders/v1"));
    assert.ok(!isIt("/orders/v1/items%20", "all/v1"));
    assert.ok(!isIt("/orders;v=1/v1/items", "all/v1", "other"));
    assert.ok(!isIt("/orders;v=1", "all/v1"));
    assert.ok(!isIt("/elsewhere;v=1", "orders/v1"));
  });

  test("nor where its route does not say of what API it is", () => {
    assert.ok(!isIt("/orders;v=1/v1/items", null));
  });
});
