import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { type FaultFormat, faultFormats } from "../../src/policy/policy.js";
import { startTestStack, type TestStack } from "./stack.js";

/** One API for each dialect, whose limit of one request is spent before the tests. */
const apiOf = (format: FaultFormat) => format.replace("+", "-");
const policy = `
version: 1
headers: { rateLimit: true }
apis:
${faultFormats
  .map(
    (format) => `
  - name: ${apiOf(format)}
    version: v1
    match: { pathPrefix: /${apiOf(format)} }
    limits: [{ requests: 1, per: year }]
    faults: { format: "${format}" }`,
  )
  .join("")}
  - name: own
    version: v1
    match: { pathPrefix: /own }
    limits: [{ requests: 1, per: year }]
    faults:
      status: 420
      headers: { x-support: help@example.com }
      body: { contentType: text/plain, template: "{code}: {message}. Try in {retryAfterSeconds} s." }
  - name: backend
    version: v1
    match: { pathPrefix: /backend }
    backends: { production: { limits: [{ requests: 1, per: year }] } }
faults: { format: wso2-4, backendStatus: 429 }
`;

describe("through Envoy, a throttled client gets", () => {
  let stack: TestStack;
  const ask = (path: string, headers: Record<string, string> = {}) =>
    stack.gateway.one({ method: "POST", path, key: null, headers });
  before(async () => {
    stack = await startTestStack(policy);
    for (const path of [...faultFormats.map(apiOf), "own", "backend"]) {
      assert.equal((await ask(`/${path}`)).status, 200, path);
    }
  });
  after(() => stack.stop());

  const marks: Record<FaultFormat, RegExp> = {
    "wso2-3": /^\{"fault":\{"code":900800,/,
    "wso2-4": /^\{"code":"900800","message":/,
    "choreo-connect": /^\{"code":"900800","error_message":/,
    "problem+json": /^\{"type":"urn:weir:fault:900800"/,
    openai: /^\{"error":\{"message":.*"type":"requests".*"code":"rate_limit_exceeded"\}\}$/,
    anthropic: /^\{"type":"error","error":\{"type":"rate_limit_error"/,
    gemini: /^\{"error":\{"code":429,.*"RESOURCE_EXHAUSTED".*"retryDelay":"\d+s"/,
    bedrock: /^\{"message":/,
  };
  for (const format of faultFormats) {
    test(`the fault of ${format}`, async () => {
      const { status, headers, body } = await ask(`/${apiOf(format)}`);
      assert.equal(status, 429);
      assert.match(body, marks[format]);
      const json = format === "problem+json" ? "application/problem+json" : "application/json";
      assert.equal(headers["content-type"], json);
      const isWso2 = /wso2|choreo/.test(format);
      assert.match(String(headers["retry-after"]), isWso2 ? /^\w{3}, \d\d \w{3} \d{4} .* GMT$/ : /^\d+$/);
      if (format === "bedrock") assert.equal(headers["x-amzn-errortype"], "ThrottlingException");
      assert.match(String(headers["ratelimit"]), /^"api-requests-year";r=0;t=\d+$/);
      assert.equal(headers["ratelimit-policy"], '"api-requests-year";q=1;w=31556952');
    });
  }

  const representations = [
    { sent: { accept: "application/xml" }, contentType: /^application\/xml/, body: /^<amt:fault / },
    {
      sent: { "content-type": "text/xml", soapaction: "urn:a" },
      contentType: /^text\/xml/,
      body: /soapenv:Server/,
    },
    {
      sent: { "content-type": "application/soap+xml" },
      contentType: /^application\/soap\+xml/,
      body: /soapenv:Receiver/,
    },
  ];
  for (const { sent, contentType, body } of representations) {
    test(`markup when it sends ${JSON.stringify(sent)}`, async () => {
      const answer = await ask("/wso2-3", sent);
      assert.equal(answer.status, 429);
      assert.match(String(answer.headers["content-type"]), contentType);
      assert.match(answer.body, body);
      assert.match(answer.body, /You can access API after \d{4}-Jan-01 00:00:00\+0000 UTC/);
    });
  }

  test("RESOURCE_EXHAUSTED where it speaks gRPC, so that it does not try again at once", async () => {
    const client = new Client(`127.0.0.1:${stack.envoy.port}`, credentials.createInsecure());
    const error = await new Promise<ServiceError | null>((resolve) => {
      const same = (bytes: Buffer) => bytes;
      client.makeUnaryRequest("/wso2-3/Call", same, same, Buffer.alloc(0), new Metadata(), resolve);
    });
    client.close();
    assert.equal(error?.code, status.RESOURCE_EXHAUSTED);
  });

  test("what the API says instead", async () => {
    const { status, headers, body } = await ask("/own");
    assert.equal(status, 420);
    assert.equal(headers["content-type"], "text/plain");
    assert.equal(headers["x-support"], "help@example.com");
    assert.match(body, /^900800: Message throttled out\. Try in \d+ s\.$/);
  });

  test("the status that was chosen for backend maxima", async () => {
    const { status, body } = await ask("/backend");
    assert.equal(status, 429);
    assert.equal(
      body,
      '{"code":"900801","message":"API Limit Reached","description":"API not accepting requests"}',
    );
  });
});
