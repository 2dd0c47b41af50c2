import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Fault } from "../../src/envoy/faults/fault.js";
import { dialects, type Representation } from "../../src/envoy/faults/format.js";
import { negotiate } from "../../src/envoy/faults/negotiate.js";
import type { FaultFormat } from "../../src/policy/policy.js";

const NOW = Date.UTC(2024, 0, 1, 0, 0, 1, 500);
const RESET = Date.UTC(2024, 0, 1, 0, 1, 0);

const throttled: Fault = {
  status: 429,
  code: 900804,
  message: "Message throttled out",
  description: "You have exceeded your quota",
  unit: "totalTokens",
  resetAt: RESET,
  nextAccessAt: RESET,
};
const backend: Fault = {
  ...throttled,
  status: 503,
  code: 900801,
  message: "API Limit Reached",
  description: "API not accepting requests",
  nextAccessAt: null,
};
const unknownKey: Fault = {
  ...{ status: 401, code: 900901, message: "Invalid Credentials", description: "Make <sure> & so on" },
  ...{ unit: null, resetAt: null, nextAccessAt: null },
};

const told = "You have exceeded your quota .You can access API after 2024-Jan-01 00:01:00+0000 UTC";
const nextAccessTime = "2024-Jan-01 00:01:00+0000 UTC";

function written(format: FaultFormat, fault: Fault, as: Representation = "json") {
  const dialect = dialects[format];
  const { contentType, body, headers = {} } = dialect.write(fault, as, NOW);
  return { contentType, body, headers, retryAfter: dialect.retryAfter(fault, NOW) };
}

describe("a fault in JSON", () => {
  const text = "Message throttled out: You have exceeded your quota";
  const rows: [FaultFormat, unknown][] = [
    [
      "wso2-3",
      { fault: { code: 900804, message: "Message throttled out", description: told, nextAccessTime } },
    ],
    ["wso2-4", { code: "900804", message: "Message throttled out", description: told, nextAccessTime }],
    ["choreo-connect", { code: "900804", error_message: "Message throttled out", error_description: told }],
    [
      "problem+json",
      {
        type: "urn:weir:fault:900804",
        title: "Message throttled out",
        status: 429,
        detail: "You have exceeded your quota",
        code: 900804,
        retryAfterSeconds: 59,
      },
    ],
    ["openai", { error: { message: text, type: "tokens", param: null, code: "rate_limit_exceeded" } }],
    ["anthropic", { type: "error", error: { type: "rate_limit_error", message: text } }],
    [
      "gemini",
      {
        error: {
          ...{ code: 429, message: text, status: "RESOURCE_EXHAUSTED" },
          details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "59s" }],
        },
      },
    ],
    ["bedrock", { message: text }],
  ];
  for (const [format, expected] of rows) {
    test(`is exact in the dialect ${format}`, () => {
      const { body, contentType, retryAfter } = written(format, throttled);
      assert.equal(body, JSON.stringify(expected));
      assert.equal(contentType, format === "problem+json" ? "application/problem+json" : "application/json");
      const isWso2 = ["wso2-3", "wso2-4", "choreo-connect"].includes(format);
      assert.equal(retryAfter, isWso2 ? "Mon, 01 Jan 2024 00:01:00 GMT" : "59");
    });
  }

  test("of a backend maximum tells no time to WSO2's clients, and the seconds to others", () => {
    const { body, retryAfter } = written("wso2-3", backend);
    assert.equal(
      body,
      '{"fault":{"code":900801,"message":"API Limit Reached","description":"API not accepting requests"}}',
    );
    assert.equal(retryAfter, null);
    assert.equal(written("problem+json", backend).retryAfter, "59");
    assert.match(written("anthropic", backend).body, /"overloaded_error"/);
    assert.match(written("gemini", backend).body, /"UNAVAILABLE"/);
    assert.deepEqual(written("bedrock", backend).headers, {
      "x-amzn-errortype": "ServiceUnavailableException",
    });
  });

  test("of a refusal names the provider's own kind of error, and no time", () => {
    const refused = (format: FaultFormat) => written(format, unknownKey);
    assert.match(refused("openai").body, /"invalid_api_key"/);
    assert.match(refused("anthropic").body, /"authentication_error"/);
    assert.match(refused("gemini").body, /"UNAUTHENTICATED"/);
    assert.deepEqual(refused("bedrock").headers, { "x-amzn-errortype": "UnrecognizedClientException" });
    for (const format of Object.keys(dialects) as FaultFormat[])
      assert.equal(refused(format).retryAfter, null);
  });

  test("that is due within a second asks for one whole second, never for none", () => {
    assert.equal(dialects.openai.retryAfter({ ...throttled, resetAt: NOW + 1 }, NOW), "1");
    assert.equal(dialects.openai.retryAfter({ ...throttled, resetAt: NOW }, NOW), "1");
  });

  test("rounds a time within a second up, so that nobody comes back too early", () => {
    const late = written("wso2-3", { ...throttled, resetAt: RESET + 1, nextAccessAt: RESET + 1 });
    assert.equal(late.retryAfter, "Mon, 01 Jan 2024 00:01:01 GMT");
    assert.match(late.body, /00:01:01\+0000/);
  });
});

describe("WSO2's fault in markup", () => {
  const fault =
    '<amt:fault xmlns:amt="http://wso2.org/apimanager/throttling"><amt:code>900804</amt:code>' +
    `<amt:message>Message throttled out</amt:message><amt:description>${told}</amt:description>` +
    `<amt:nextAccessTime>${nextAccessTime}</amt:nextAccessTime></amt:fault>`;
  const envelope = (namespace: string, inner: string) =>
    `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="${namespace}"><soapenv:Body>` +
    `<soapenv:Fault>${inner}</soapenv:Fault></soapenv:Body></soapenv:Envelope>`;

  test("is exact as XML, for every WSO2 dialect", () => {
    for (const format of ["wso2-3", "wso2-4", "choreo-connect"] as const) {
      const { body, contentType } = written(format, throttled, "xml");
      assert.equal(body, fault);
      assert.equal(contentType, "application/xml; charset=UTF-8");
    }
  });

  test("is a SOAP 1.1 fault with code Server, message and description", () => {
    const { body, contentType } = written("wso2-4", throttled, "soap11");
    const inner =
      "<faultcode>soapenv:Server</faultcode><faultstring>Message throttled out</faultstring>" +
      `<detail>${told}</detail>`;
    assert.equal(body, envelope("http://schemas.xmlsoap.org/soap/envelope/", inner));
    assert.equal(contentType, "text/xml; charset=UTF-8");
  });

  test("is a SOAP 1.2 fault with code Receiver, and the fault in its detail", () => {
    const { body, contentType } = written("wso2-4", throttled, "soap12");
    const inner =
      "<soapenv:Code><soapenv:Value>soapenv:Receiver</soapenv:Value></soapenv:Code><soapenv:Reason>" +
      '<soapenv:Text xml:lang="en">Message throttled out</soapenv:Text></soapenv:Reason>' +
      `<soapenv:Detail>${fault}</soapenv:Detail>`;
    assert.equal(body, envelope("http://www.w3.org/2003/05/soap-envelope", inner));
    assert.equal(contentType, "application/soap+xml; charset=UTF-8");
  });

  test("escapes what markup would read, and leaves out the time that is not told", () => {
    const { body } = written("wso2-4", unknownKey, "xml");
    assert.match(body, /Make &lt;sure&gt; &amp; so on/);
    assert.ok(!body.includes("nextAccessTime"));
  });
});

describe("a client reads", () => {
  const cases: [Record<string, string>, Representation][] = [
    [{}, "json"],
    [{ accept: "*/*" }, "json"],
    [{ accept: "application/json" }, "json"],
    [{ accept: "application/xml" }, "xml"],
    [{ accept: "text/xml;charset=utf-8" }, "xml"],
    [{ accept: "image/avif,image/svg+xml,*/*" }, "json"],
    [{ accept: "application/xml;q=abc, application/json" }, "xml"],
    [{ accept: "application/json, application/xml" }, "json"],
    [{ accept: "application/json;q=0.5, application/xml" }, "xml"],
    [{ accept: "application/xml;q=0, */*" }, "json"],
    [{ accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" }, "json"],
    [{ accept: "application/problem+json" }, "json"],
    [{ accept: "application/soap+xml" }, "soap12"],
    [{ "content-type": "application/xml" }, "xml"],
    [{ "content-type": "text/xml" }, "xml"],
    [{ "content-type": "application/xml", accept: "application/json" }, "json"],
    [{ "content-type": "text/xml; charset=utf-8", soapaction: '"urn:a"' }, "soap11"],
    [{ "content-type": "application/soap+xml; action=urn:a" }, "soap12"],
    [{ "content-type": "application/soap+xml", accept: "application/json" }, "soap12"],
    [{ "content-type": "application/json", soapaction: "x" }, "json"],
    [{ accept: ";;,,q=1" }, "json"],
  ];
  for (const [headers, expected] of cases) {
    test(`${expected} with ${JSON.stringify(headers)}`, () => {
      assert.equal(negotiate(new Map(Object.entries(headers))), expected);
    });
  }
});
