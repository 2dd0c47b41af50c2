import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { routingOf } from "../../src/envoy-config/routing.js";
import { destinationOf } from "../../src/envoy-config/upstream.js";
import { WeirError } from "../../src/errors.js";

const routing = (text: string) => routingOf(parsePolicy(`version: 1\n${text}`, "policy"));

/** Where each environment of each API leads. */
function clusters(text: string): Record<string, string> {
  return Object.fromEntries(
    routing(text).apis.map(({ ref, destinations: { production, sandbox } }) => [
      ref,
      `${production?.upstream.cluster ?? "-"} ${sandbox?.upstream.cluster ?? "-"}`,
    ]),
  );
}

const api = (name: string, backends = "") =>
  `{ name: ${name}, version: v1, match: { pathPrefix: /${name} }${backends && `, backends: ${backends}`} }`;

describe("where requests go", () => {
  test("is what the API says, and where it does not, what the gateway does", () => {
    const apis = `
apis:
  - ${api("own", '{ production: { url: "http://own" }, sandbox: { url: "http://test" } }')}
  - ${api("half", '{ production: { url: "http://half" }, sandbox: {} }')}
  - ${api("one", "{ sandbox: {} }")}
  - ${api("unlisted")}
`;
    const both = 'gateway: { backends: { production: { url: "http://p" }, sandbox: { url: "http://s" } } }';
    assert.deepEqual(clusters(both + apis), {
      "own/v1": "own:80 test:80",
      "half/v1": "half:80 s:80",
      "one/v1": "- s:80",
      "unlisted/v1": "p:80 s:80",
    });
    const one = 'gateway: { backends: { production: { url: "http://p" } } }';
    assert.deepEqual(clusters(one + apis), {
      "own/v1": "own:80 test:80",
      "half/v1": "half:80 p:80",
      "one/v1": "- p:80",
      "unlisted/v1": "p:80 p:80",
    });
  });

  test("is never the sandbox for what asks for production", () => {
    const gateway = 'gateway: { backends: { sandbox: { url: "http://s" } } }\n';
    assert.throws(
      () => routing(`${gateway}apis: [${api("a")}]`),
      /apis\[0\]\.backends\.production: a\/v1 has no url/,
    );
    assert.deepEqual(clusters(`${gateway}apis: [${api("a", "{ sandbox: {} }")}]`), { "a/v1": "- s:80" });
  });

  test("lists every API and environment that nobody says it of", () => {
    const text = `apis:
  - ${api("good", '{ production: { url: "http://a" } }')}
  - ${api("none")}
  - ${api("limits", "{ sandbox: { limits: [{ requests: 1, per: second }] } }")}
  - ${api("half", '{ production: { url: "http://a" }, sandbox: {} }')}
`;
    assert.throws(
      () => routing(text),
      (error: unknown) => {
        assert.ok(error instanceof WeirError);
        assert.deepEqual([error.code, error.exitCode], ["ENVOY_NO_BACKEND", 2]);
        const [first, ...places] = error.message.split("\n");
        assert.equal(
          first,
          "nobody says where to send requests: give each a url, or name one for all of them under gateway.backends",
        );
        assert.deepEqual(places, [
          "apis[1].backends.production: none/v1 has no url",
          "apis[1].backends.sandbox: none/v1 has no url",
          "apis[2].backends.sandbox: limits/v1 has no url",
          "apis[3].backends.sandbox: half/v1 has no url",
        ]);
        return true;
      },
    );
  });

  test("is one cluster for each way to a backend", () => {
    const of = (url: string, http2 = false) => {
      const { upstream, basePath } = destinationOf({ url, http2 });
      return [upstream.cluster, upstream.host, upstream.port, upstream.isTls, basePath];
    };
    assert.deepEqual(of("http://a"), ["a:80", "a", 80, false, null]);
    assert.deepEqual(of("HTTP://A:80/"), ["a:80", "a", 80, false, ""]);
    assert.deepEqual(of("http://a:8080/x/y/"), ["a:8080", "a", 8080, false, "/x/y"]);
    assert.deepEqual(of("https://a"), ["a:443", "a", 443, true, null]);
    assert.deepEqual(of("http://a:443"), ["http a:443", "a", 443, false, null]);
    assert.deepEqual(of("https://a:80"), ["https a:80", "a", 80, true, null]);
    assert.deepEqual(of("https://a:8443", true), ["https a:8443 h2", "a", 8443, true, null]);
    assert.deepEqual(of("http://[2001:DB8::1]:80/caf\u00e9"), [
      "[2001:db8::1]:80",
      "2001:db8::1",
      80,
      false,
      "/caf%C3%A9",
    ]);
  });
});
