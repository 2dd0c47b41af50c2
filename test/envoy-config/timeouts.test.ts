import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { apiRoutes } from "../../src/envoy-config/api-routes.js";
import type { Config } from "../../src/envoy-config/config.js";
import { routingOf } from "../../src/envoy-config/routing.js";

function timeoutOf(backend: string, more = ""): unknown {
  const text = `version: 1\napis: [{ name: a, version: v1, match: { pathPrefix: /a }, backends: { production: ${backend} } ${more} }]`;
  const [api] = routingOf(parsePolicy(text, "policy")).apis;
  const [route] = api ? apiRoutes({ api, host: null, isWhole: false }) : [];
  return (route?.["route"] as Config | undefined)?.["timeout"];
}

describe("the time that Envoy waits for an answer", () => {
  test("is Envoy's own where nothing is said", () => {
    assert.equal(timeoutOf('{ url: "http://b" }'), undefined);
  });

  test("is without end for AI APIs", () => {
    assert.equal(timeoutOf('{ url: "http://b" }', ", ai: {}"), "0s");
  });

  test("is what the policy says", () => {
    assert.equal(timeoutOf('{ url: "http://b", timeoutMs: 1500 }'), "1.5s");
    assert.equal(timeoutOf('{ url: "http://b", timeoutMs: 0 }'), "0s");
    assert.equal(timeoutOf('{ url: "http://b", timeoutMs: 60000 }', ", ai: {}"), "60s");
  });
});
