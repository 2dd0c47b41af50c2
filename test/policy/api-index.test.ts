import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ApiIndex, type ApiMatch, matchIdentities } from "../../src/policy/api-index.js";
import { pathSegments } from "../../src/policy/path.js";

function indexOf(apis: Readonly<Record<string, ApiMatch>>): ApiIndex<string> {
  const index = new ApiIndex<string>();
  for (const [name, match] of Object.entries(apis)) index.add(match, name);
  return index;
}

describe("the API of a request", () => {
  const index = indexOf({
    any: { hosts: [], pathPrefix: "/orders" },
    anyDeep: { hosts: ["*"], pathPrefix: "/orders/v1/admin/" },
    exact: { hosts: ["api.example.com", "API2.example.com"], pathPrefix: "/orders" },
    exactDeep: { hosts: ["api.example.com"], pathPrefix: "/orders/v1" },
    wild: { hosts: ["*.example.com"], pathPrefix: "/orders" },
    wilder: { hosts: ["*.com"], pathPrefix: "/orders" },
    ipv6: { hosts: ["[::1]"], pathPrefix: "/orders" },
    root: { hosts: ["root.example.org"], pathPrefix: "/" },
  });
  const cases: [string, string, string | null, number?][] = [
    ["other.org", "/orders/1", "any", 1],
    ["other.org", "/ordersX", null],
    ["other.org", "/Orders", null],
    ["other.org", "/orders", "any", 1],
    ["other.org", "/orders/v1/admin/x", "anyDeep", 3],
    ["other.org", "/orders/v1/administrator", "any", 1],
    ["api.example.com", "/orders/v1/x", "exactDeep", 2],
    ["api.example.com", "/orders/v2", "exact", 1],
    ["api2.example.com", "/orders", "exact", 1],
    ["API.Example.COM", "/orders/v1", "exactDeep", 2],
    ["api.example.com:8443", "/orders/v1", "exactDeep", 2],
    ["api.example.com.", "/orders/v1", "exactDeep", 2],
    ["api.example.com.:8443", "/orders/v1", "exactDeep", 2],
    ["api.example.com:", "/orders/v1", "exactDeep", 2],
    ["api.example.com..", "/orders/v1", "exactDeep", 2],
    ["www.example.com", "/orders/v1", "wild", 1],
    ["www.example.com.:8443", "/orders/v1", "wild", 1],
    ["a.b.example.com", "/orders", "wild", 1],
    ["example.com", "/orders", "wilder", 1],
    ["com", "/orders", "any", 1],
    ["notexample.com", "/orders", "wilder", 1],
    ["[::1]:8080", "/orders", "ipv6", 1],
    ["[::1]", "/orders", "ipv6", 1],
    ["root.example.org", "/anything", "root", 0],
    ["root.example.org", "/", "root", 0],
    ["", "/orders", "any", 1],
    ["api.example.com", "/other", null],
  ];
  for (const [host, path, api, depth] of cases) {
    test(`at "${host}" ${path} is ${api ?? "none"}`, () => {
      const expected = api === null ? null : { api, depth };
      assert.deepEqual(index.find(host, pathSegments(path)), expected);
    });
  }

  test("is that of a less specific host where the more specific one has none for the path", () => {
    const index = indexOf({
      exact: { hosts: ["a.example.com"], pathPrefix: "/x" },
      wild: { hosts: ["*.example.com"], pathPrefix: "/y" },
    });
    assert.equal(index.find("a.example.com", ["y"])?.api, "wild");
  });

  test("is found however the policy spells its prefix", () => {
    const index = indexOf({
      café: { hosts: [], pathPrefix: "/café" },
      dots: { hosts: [], pathPrefix: "/x/../b" },
    });
    assert.equal(index.find("h", ["caf%C3%A9"])?.api, "café");
    assert.equal(index.find("h", ["b"])?.api, "dots");
  });
});

const hosts = ["*", "com", "a.com", "b.a.com", "c.b.a.com", "*.com", "*.a.com", "*.b.a.com"];
const anyApis = fc.uniqueArray(
  fc.record({
    host: fc.constantFrom(...hosts),
    path: fc.array(fc.constantFrom("x", "y"), { maxLength: 3 }),
  }),
  { maxLength: 10, selector: ({ host, path }) => `${host}/${path.join("/")}` },
);

test("an index finds what comparing all APIs finds: the most specific host, then the longest prefix", () => {
  const requestHosts = ["com", "a.com", "b.a.com", "c.b.a.com", "d.c.b.a.com", "org"];
  const path = fc.array(fc.constantFrom("x", "y", "z"), { maxLength: 4 });
  fc.assert(
    fc.property(anyApis, fc.constantFrom(...requestHosts), path, (apis, host, segments) => {
      const serves = (pattern: string) =>
        pattern === "*" || pattern === host || (pattern.startsWith("*.") && host.endsWith(pattern.slice(1)));
      const weight = (pattern: string) => (pattern === host ? 1000 : pattern.length);
      const [best] = apis
        .filter((api) => serves(api.host) && api.path.every((part, i) => part === segments[i]))
        .sort((a, b) => weight(b.host) - weight(a.host) || b.path.length - a.path.length);

      const index = new ApiIndex<string>();
      for (const api of apis) {
        const pathPrefix = `/${api.path.join("/")}`;
        index.add({ hosts: [api.host], pathPrefix }, `${api.host}${pathPrefix}`);
      }
      const expected = best ? `${best.host}/${best.path.join("/")}` : undefined;
      assert.equal(index.find(host, segments)?.api, expected);
    }),
    { numRuns: 2000 },
  );
});

test("matches overlap when they share a host and a prefix, however these are spelt", () => {
  assert.deepEqual(matchIdentities({ hosts: [], pathPrefix: "/a/" }), ["*/a"]);
  assert.deepEqual(matchIdentities({ hosts: ["*"], pathPrefix: "//a" }), ["*/a"]);
  assert.deepEqual(matchIdentities({ hosts: ["A.com", "b.com"], pathPrefix: "/" }), ["a.com/", "b.com/"]);
  assert.deepEqual(matchIdentities({ hosts: [], pathPrefix: "/x/../é" }), ["*/%C3%A9"]);
});

describe("a host spelt so that it names the same", () => {
  const index = new ApiIndex<string>();
  index.add({ hosts: ["api.example.com"], pathPrefix: "/" }, "exact");
  index.add({ hosts: ["*.example.org"], pathPrefix: "/" }, "wildcard");

  for (const host of [
    "api.example.com:",
    "api.example.com..",
    "api.example.com.:443",
    "user@api.example.com",
    "a@b@API.example.com",
  ]) {
    test(`${host} finds the API`, () => assert.equal(index.find(host, [])?.api, "exact"));
  }

  test("finds nothing where it is longer than any name can be, so that nobody has its every suffix tried", () => {
    const short = `${"a.".repeat(100)}example.org`;
    const long = `${"a.".repeat(30_000)}example.org`;
    assert.equal(index.find(short, [])?.api, "wildcard");
    assert.equal(index.find(long, []), null);
  });
});
