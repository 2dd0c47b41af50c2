import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ClientResponse } from "../../demo/gateway.js";
import { credential } from "../support/credential.js";
import { startTestStack, type TestStack } from "./stack.js";

const policyWith = (jwksFile: string) => `
version: 1
trustedProxies: 1
apis:
  - { name: orders, version: v1, match: { pathPrefix: /orders } }
applications:
  - name: mobile
    limits: [{ requests: 3, per: year }]
    subscriptions: { orders/v1: Unlimited }
    credentials: [{ clientId: mobile-web }, ${credential("in-query")}, ${credential("in-cookie", ", user: ann")}]
identity:
  - jwt: { issuer: "https://idp.example.com", audiences: [gateway, other], jwks: { file: "${jwksFile}" } }
  - apiKey: { query: key }
  - apiKey: { cookie: key }
deny: [{ ip: 198.51.100.0/24 }]
custom: [{ name: by-plan, key: "{claim.plan}:{header.x-tenant}", limits: [{ requests: 5, per: year }] }]
`;

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

function token(claims: object, key: KeyObject = privateKey): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const content = `${part({ alg: "RS256", kid: "k" })}.${part({ iss: "https://idp.example.com", aud: "gateway", ...claims })}`;
  return `${content}.${sign("sha256", Buffer.from(content), key).toString("base64url")}`;
}

const backendOf = ({ body }: ClientResponse) => (JSON.parse(body) as { backend?: string }).backend;

describe("who calls, through Envoy", () => {
  let stack: TestStack;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-jwks-"));
    const jwksFile = join(folder, "jwks.json");
    const key = { ...publicKey.export({ format: "jwk" }), kid: "k", alg: "RS256" };
    await writeFile(jwksFile, JSON.stringify({ keys: [key] }));
    stack = await startTestStack(policyWith(jwksFile));
  });
  after(async () => {
    await stack.stop();
    await rm(folder, { recursive: true });
  });

  let tenant = 0;
  /** Each with a tenant of its own, so that the custom rule stays out of the way. */
  const ask = (headers: Record<string, string>, path = "/orders/1") =>
    stack.gateway.one({
      method: "GET",
      path,
      key: null,
      headers: { "x-tenant": `t${tenant++}`, ...headers },
    });
  const bearer = (claims: object, key?: KeyObject) => ({ authorization: `Bearer ${token(claims, key)}` });

  test("is told by a verified token: application, user and environment", async () => {
    const ann = { azp: "mobile-web", sub: "ann" };
    assert.equal(backendOf(await ask(bearer(ann))), "production");
    assert.equal(backendOf(await ask(bearer({ ...ann, keytype: "SANDBOX" }))), "sandbox");
    assert.equal((await ask(bearer({ ...ann, keytype: "PRODUCTION" }))).status, 200);
    assert.equal((await ask(bearer(ann))).status, 429, "ann's three are spent over both environments");
    assert.equal((await ask(bearer({ ...ann, sub: "bob" }))).status, 200);
  });

  test("is nobody known where the token is of a client that the policy does not list", async () => {
    assert.equal((await ask(bearer({ azp: "other", sub: "ann" }))).status, 403);
  });

  test("is nobody where the token is forged, for another audience, or none at all", async () => {
    const { privateKey: forger } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const carol = { azp: "mobile-web", sub: "carol" };
    const isAnonymous = async (headers: Record<string, string>) => {
      // Carol has three requests; who is not known has as many as there are tenants.
      for (let i = 0; i < 4; i++) assert.equal((await ask(headers)).status, 200);
    };
    await isAnonymous(bearer(carol, forger));
    await isAnonymous(bearer({ ...carol, aud: "elsewhere" }));
    await isAnonymous({ authorization: "Bearer sk-no-token" });
    assert.equal((await ask(bearer({ ...carol, aud: "other" }))).status, 200);
    const headers = bearer(carol);
    const statuses = [await ask(headers), await ask(headers), await ask(headers)].map(({ status }) => status);
    assert.deepEqual(statuses, [200, 200, 429]);
  });

  test("is told by a key in the query or in a cookie", async () => {
    assert.equal((await ask({}, "/orders/1?key=in-query")).status, 200);
    assert.equal((await ask({}, "/orders/1?key=guessed")).status, 401);
    assert.equal((await ask({ cookie: "a=b; key=in-cookie" })).status, 429, "it is ann's");
  });

  test("has the address that the trusted proxy saw, whatever the client wrote before it", async () => {
    assert.equal((await ask({ "x-forwarded-for": "198.51.100.7" })).status, 403);
    assert.equal((await ask({ "x-forwarded-for": "198.51.100.7, 203.0.113.1" })).status, 200);
    assert.equal((await ask({ "x-forwarded-for": "203.0.113.1, 198.51.100.7" })).status, 403);
  });

  test("is counted by a claim and a header where a custom rule says so", async () => {
    const gold = (sub: string) =>
      ask({ ...bearer({ azp: "mobile-web", sub, plan: "gold" }), "x-tenant": "one" });
    for (let i = 0; i < 5; i++) assert.equal((await gold(`user${i}`)).status, 200);
    const denied = await gold("user5");
    assert.equal(denied.status, 429);
    assert.equal(JSON.parse(denied.body).fault.code, 900806);
    const other = { ...bearer({ azp: "mobile-web", sub: "user6", plan: "free" }), "x-tenant": "one" };
    assert.equal((await ask(other)).status, 200);
  });
});
