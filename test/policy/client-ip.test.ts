import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clientIp } from "../../src/policy/client-ip.js";
import { requestOf } from "../support/requests.js";

const peer = "10.0.0.9";
const of = (forwarded: string | null, trustedProxies: number) =>
  clientIp(
    requestOf({ peerAddress: peer, headers: forwarded === null ? {} : { "x-forwarded-for": forwarded } }),
    trustedProxies,
  );

describe("the client's address", () => {
  test("is the peer's where no proxy is trusted, whatever the header says", () => {
    assert.equal(of("203.0.113.7", 0), peer);
    assert.equal(of(null, 0), peer);
  });

  test("is what the last trusted proxy was called from", () => {
    assert.equal(of("203.0.113.7", 1), "203.0.113.7");
    assert.equal(of("203.0.113.7, 10.0.0.8", 2), "203.0.113.7");
  });

  test("is the same whether or not Envoy has appended the peer", () => {
    assert.equal(of(`203.0.113.7, ${peer}`, 1), "203.0.113.7");
    assert.equal(of(`203.0.113.7, 10.0.0.8, ${peer}`, 2), "203.0.113.7");
  });

  test("is the same for a proxy on Envoy's own machine, for which Envoy appends another address", () => {
    const headers = { "x-forwarded-for": "198.51.100.1, 203.0.113.7, 192.0.2.2" };
    for (const peerAddress of ["127.0.0.1", "127.8.8.8", "::1"]) {
      assert.equal(clientIp(requestOf({ peerAddress, headers }), 1), "203.0.113.7");
    }
  });

  test("is read without the port that some proxies write", () => {
    assert.equal(of("203.0.113.7:4711", 1), "203.0.113.7");
    assert.equal(of("[2001:db8::1]:4711", 1), "2001:db8::1");
    assert.equal(of("2001:db8::1", 1), "2001:db8::1");
  });

  test("is never one that the client wrote itself in front", () => {
    assert.equal(of("198.51.100.1, 203.0.113.7", 1), "203.0.113.7");
    assert.equal(of(`198.51.100.1, 203.0.113.7, ${peer}`, 1), "203.0.113.7");
  });

  test("is the peer's where the request came past fewer proxies than are trusted", () => {
    assert.equal(of(null, 1), peer);
    assert.equal(of("203.0.113.7", 2), peer);
  });

  test("is the peer's where the header holds no address in that place", () => {
    for (const junk of ["unknown", "", ",,", "<script>"]) assert.equal(of(junk, 1), peer, junk);
  });
});
