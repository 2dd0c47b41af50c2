import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hashApiKey } from "../../src/identity/api-key.js";
import { type Identity, identify } from "../../src/identity/identify.js";
import type {
  Application,
  Credential,
  Environment,
  IdentitySource,
  KeyPlace,
} from "../../src/policy/policy.js";
import type { HttpRequest, Json } from "../../src/policy/request.js";
import { requestOf } from "../support/requests.js";

const mobile: Application = { name: "mobile", limits: [], subscriptions: new Map() };
const web: Application = { name: "web", limits: [], subscriptions: new Map() };

function credential(
  application: Application,
  environment: Environment = "production",
  user: string | null = null,
): Credential {
  return { application, environment, user };
}

function callerOf(application: Application, user: string, environment: Environment = "production"): Identity {
  return { kind: "caller", caller: { application, user }, environment };
}

const apiKeys: IdentitySource = {
  kind: "apiKey",
  place: { in: "header", name: "x-api-key" },
  credentials: new Map([
    [hashApiKey("key-mobile"), credential(mobile)],
    [hashApiKey("key-sandbox"), credential(mobile, "sandbox", "tester")],
  ]),
};

const tokens: Extract<IdentitySource, { kind: "jwt" }> = {
  kind: "jwt",
  metadata: ["jwt_authn", "verified", "payload"],
  claims: { application: "azp", user: "sub", environment: "keytype" },
  credentials: new Map([
    ["web-client", credential(web)],
    ["test-client", credential(web, "sandbox", "tester")],
  ]),
};

const headers: Extract<IdentitySource, { kind: "trusted" }> = {
  kind: "trusted",
  headers: { application: "x-application", user: "x-user", environment: "x-environment" },
  applications: new Map([["mobile", mobile]]),
};

describe("an API key", () => {
  const ask = (headers: Record<string, string>) => identify([apiKeys], requestOf({ headers }));

  test("stands for the application that it was given to, which is the user too", () => {
    assert.deepEqual(ask({ "x-api-key": "key-mobile" }), callerOf(mobile, "mobile"));
  });

  test("stands for the environment and the user of its credential", () => {
    assert.deepEqual(ask({ "x-api-key": "key-sandbox" }), callerOf(mobile, "tester", "sandbox"));
  });

  test("that nobody was given is invalid", () => {
    for (const key of [
      "guessed",
      "KEY-MOBILE",
      " key-mobile",
      "key-mobile,key-mobile",
      hashApiKey("key-mobile"),
    ]) {
      assert.deepEqual(ask({ "x-api-key": key }), { kind: "invalid" }, key);
    }
  });

  test("that is absent, empty or in another header leaves the caller anonymous", () => {
    for (const headers of [{}, { "x-api-key": "" }, { "x-other": "key-mobile" }]) {
      assert.deepEqual(ask(headers as Record<string, string>), { kind: "anonymous" });
    }
  });

  test("is looked up by its SHA-256 in lower-case hex", () => {
    assert.equal(hashApiKey("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert.equal(hashApiKey("käse"), hashApiKey("käse"));
    assert.notEqual(hashApiKey("käse"), hashApiKey("kase"));
  });
});

describe("a verified token", () => {
  const ask = (payload: Json, source: IdentitySource = tokens) =>
    identify([source], requestOf({ metadata: { jwt_authn: { verified: { payload } } } }));

  test("stands for the application of its client and the user that it names", () => {
    assert.deepEqual(ask({ azp: "web-client", sub: "ann" }), callerOf(web, "ann"));
  });

  test("without a user stands for the credential's, or for the application itself", () => {
    assert.deepEqual(ask({ azp: "test-client" }), callerOf(web, "tester", "sandbox"));
    assert.deepEqual(ask({ azp: "web-client" }), callerOf(web, "web"));
    for (const sub of ["", null, ["ann"], { name: "ann" }]) {
      assert.deepEqual(ask({ azp: "web-client", sub }), callerOf(web, "web"));
    }
  });

  const environments: [string, Environment][] = [
    ["SANDBOX", "sandbox"],
    ["sandbox", "sandbox"],
    ["Sandbox", "sandbox"],
    ["PRODUCTION", "production"],
    ["production", "production"],
    ["staging", "production"],
  ];
  for (const [keytype, environment] of environments) {
    test(`of the key type ${keytype} is for ${environment}`, () => {
      assert.deepEqual(ask({ azp: "web-client", keytype }), callerOf(web, "web", environment));
    });
  }

  test("says more of the environment than the credential does, if it says anything", () => {
    assert.deepEqual(
      ask({ azp: "test-client", keytype: "PRODUCTION" }),
      callerOf(web, "tester", "production"),
    );
    assert.deepEqual(ask({ azp: "test-client", keytype: "" }), callerOf(web, "tester", "sandbox"));
    assert.deepEqual(ask({ azp: "test-client", keytype: 1 }), callerOf(web, "tester", "sandbox"));
  });

  test("of a client that the policy does not list is a stranger's", () => {
    assert.deepEqual(ask({ azp: "unknown" }), { kind: "stranger" });
    assert.deepEqual(ask({ azp: "constructor" }), { kind: "stranger" });
    assert.deepEqual(ask({ azp: "__proto__" }), { kind: "stranger" });
  });

  test("that names no client is no credential", () => {
    for (const payload of [
      {},
      { azp: "" },
      { azp: 5 },
      { azp: null },
      { azp: ["web-client"] },
      { sub: "ann" },
    ]) {
      assert.deepEqual(ask(payload), { kind: "anonymous" });
    }
  });

  test("is not there where the metadata holds something else in its place", () => {
    for (const payload of [null, "web-client", 5, true, [{ azp: "web-client" }]]) {
      assert.deepEqual(ask(payload), { kind: "anonymous" });
    }
    const elsewhere: Record<string, Json>[] = [
      {},
      { jwt_authn: { payload: { azp: "web-client" } } },
      { jwt_authn: { verified: [{ payload: { azp: "web-client" } }] } },
      { jwt_authn: "verified" },
      { other: { verified: { payload: { azp: "web-client" } } } },
    ];
    for (const metadata of elsewhere) {
      assert.deepEqual(identify([tokens], requestOf({ metadata })), { kind: "anonymous" });
    }
  });

  test("may be the whole of a namespace", () => {
    const source: IdentitySource = { ...tokens, metadata: ["jwt_authn"] };
    const request = requestOf({ metadata: { jwt_authn: { azp: "web-client", sub: "ann" } } });
    assert.deepEqual(identify([source], request), callerOf(web, "ann"));
  });

  test("has no claim that every object has by nature", () => {
    const byName = new Map([...tokens.credentials, ["Object", credential(web)]]);
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      const claims = { application: name, user: name, environment: name };
      const byClaim: IdentitySource = { ...tokens, claims, credentials: byName };
      assert.deepEqual(ask({ azp: "web-client" }, byClaim), { kind: "anonymous" });
      const byPath: IdentitySource = { ...tokens, metadata: ["jwt_authn", name], credentials: byName };
      const called: IdentitySource = { ...byPath, claims: { ...tokens.claims, application: "name" } };
      assert.deepEqual(ask({ azp: "web-client" }, called), { kind: "anonymous" });
    }
    const named = { application: "azp", user: "constructor", environment: "__proto__" };
    assert.deepEqual(ask({ azp: "web-client" }, { ...tokens, claims: named }), callerOf(web, "web"));
  });
});

describe("trusted headers", () => {
  const ask = (given: Record<string, string>, source: IdentitySource = headers) =>
    identify([source], requestOf({ headers: given }));

  test("stand for the application, the user and the environment that they name", () => {
    const all = { "x-application": "mobile", "x-user": "ann", "x-environment": "SANDBOX" };
    assert.deepEqual(ask(all), callerOf(mobile, "ann", "sandbox"));
  });

  test("without a user stand for the application itself, in production", () => {
    assert.deepEqual(ask({ "x-application": "mobile" }), callerOf(mobile, "mobile"));
    assert.deepEqual(ask({ "x-application": "mobile", "x-user": "" }), callerOf(mobile, "mobile"));
  });

  test("that the policy does not list say nothing", () => {
    const source: IdentitySource = {
      ...headers,
      headers: { application: "x-application", user: null, environment: null },
    };
    const all = { "x-application": "mobile", "x-user": "ann", "x-environment": "sandbox", null: "bob" };
    assert.deepEqual(ask(all, source), callerOf(mobile, "mobile"));
  });

  test("that name no known application are a stranger's, and without an application nobody's", () => {
    assert.deepEqual(ask({ "x-application": "constructor" }), { kind: "stranger" });
    assert.deepEqual(ask({ "x-application": "mobile,mobile" }), { kind: "stranger" });
    assert.deepEqual(ask({ "x-user": "ann" }), { kind: "anonymous" });
    assert.deepEqual(ask({ "x-application": "" }), { kind: "anonymous" });
  });
});

describe("of several sources", () => {
  const key = (value: string) => ({ "x-api-key": value });
  const token = { jwt_authn: { verified: { payload: { azp: "web-client" } } } };
  const sources = [apiKeys, tokens, headers];

  test("the first with a credential decides, in the order of the policy", () => {
    const request = requestOf({ headers: key("key-mobile"), metadata: token });
    assert.deepEqual(identify([apiKeys, tokens], request), callerOf(mobile, "mobile"));
    assert.deepEqual(identify([tokens, apiKeys], request), callerOf(web, "web"));
  });

  test("the next is asked where a credential is absent", () => {
    assert.deepEqual(identify(sources, requestOf({ metadata: token })), callerOf(web, "web"));
    const trusted = requestOf({ headers: { "x-application": "mobile" } });
    assert.deepEqual(identify(sources, trusted), callerOf(mobile, "mobile"));
  });

  test("the next is not asked where a credential is bad", () => {
    const request = requestOf({ headers: key("guessed"), metadata: token });
    assert.deepEqual(identify(sources, request), { kind: "invalid" });
    const unknown = { jwt_authn: { verified: { payload: { azp: "unknown" } } } };
    const both = requestOf({ headers: { "x-application": "mobile" }, metadata: unknown });
    assert.deepEqual(identify(sources, both), { kind: "stranger" });
  });

  test("none with a credential, or none at all, leaves the caller anonymous", () => {
    assert.deepEqual(identify(sources, requestOf({})), { kind: "anonymous" });
    assert.deepEqual(identify([], requestOf({ headers: key("key-mobile") })), { kind: "anonymous" });
  });
});

describe("an API key is found", () => {
  const ask = (place: KeyPlace, request: HttpRequest) =>
    identify([{ ...apiKeys, place } as IdentitySource], request).kind;

  test("in a query parameter, decoded", () => {
    const place: KeyPlace = { in: "query", name: "key" };
    assert.equal(ask(place, requestOf({ path: "/orders?a=1&key=key%2Dmobile" })), "caller");
    assert.equal(ask(place, requestOf({ path: "/orders?key=other" })), "invalid");
    assert.equal(ask(place, requestOf({ path: "/orders?Key=key-mobile" })), "anonymous");
    assert.equal(ask(place, requestOf({ path: "/orders?key=" })), "anonymous");
  });

  test("in a cookie among others, quoted or not", () => {
    const place: KeyPlace = { in: "cookie", name: "key" };
    const cookies = (cookie: string) => requestOf({ headers: { cookie } });
    assert.equal(ask(place, cookies("a=1; key=key-mobile; b=2")), "caller");
    assert.equal(ask(place, cookies('key="key-mobile"')), "caller");
    assert.equal(ask(place, cookies("xkey=key-mobile; key2=key-mobile")), "anonymous");
    assert.equal(ask(place, cookies("key=other")), "invalid");
  });
});

describe("a client certificate", () => {
  const source: IdentitySource = {
    kind: "mtls",
    credentials: new Map([["spiffe://example/mobile", credential(mobile, "sandbox", "ann")]]),
  };
  const ask = (peerPrincipal: string) => identify([source], requestOf({ peerPrincipal }));

  test("names the application, user and environment of its principal", () => {
    assert.deepEqual(ask("spiffe://example/mobile"), callerOf(mobile, "ann", "sandbox"));
  });

  test("of a principal that the policy does not list is a stranger's, and none is nobody's", () => {
    assert.equal(ask("spiffe://example/other").kind, "stranger");
    assert.equal(ask("").kind, "anonymous");
  });
});

test("a verified token's subject may be a number, and each number is a user of its own", () => {
  const ask = (sub: number) => {
    const metadata = { jwt_authn: { verified: { payload: { azp: "web-client", sub } } } };
    return identify([tokens], requestOf({ metadata }));
  };
  assert.deepEqual(ask(7), callerOf(web, "7"));
  assert.notDeepEqual(ask(7), ask(8));
});
