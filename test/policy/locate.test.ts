import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { locate } from "../../src/policy/locate.js";
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
