import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { dump, load } from "js-yaml";
import type { ClientResponse } from "../../../demo/gateway.js";
import { waitUntil } from "../../../demo/stack/process.js";
import { ledgerOf, untilLedger } from "../../e2e/ledger.js";
import { patient, startTestStack, type TestStack } from "../../e2e/stack.js";
import { envoyGatewayXds } from "./envoy-gateway-xds/bootstrap.js";
import { istioXds } from "./istio-xds.js";
import { objectsOf } from "./print.js";

const policyWith = (jwksFile: string) => `
version: 1
apis:
  - { name: orders, version: v1, match: { pathPrefix: /orders/v1 } }
  - name: chat
    version: v1
    match: { pathPrefix: /chat/v1 }
    limits: [{ totalTokens: 2000, per: year }]
    ai: { provider: openai, admission: reserve, reservation: { maxShare: 1 } }
  - name: talk
    version: v1
    match: { pathPrefix: /talk/v1 }
    limits: [{ totalTokens: 2000, per: year }]
    ai: { provider: openai }
unmatched: deny
tiers: { Three: { limits: [{ requests: 3, per: year }, { bytes: 1 GB, per: year }] } }
applications:
  - { name: mobile, tier: Three, subscriptions: { orders/v1: Unlimited }, credentials: [{ clientId: mobile-web }] }
identity:
  - jwt: { issuer: "https://idp.example.com", jwks: { file: "${jwksFile}" } }
`;

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwks = JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k", alg: "RS256" }] });

function bearer(claims: object): Record<string, string> {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const content = `${part({ alg: "RS256", kid: "k" })}.${part({ iss: "https://idp.example.com", ...claims })}`;
  const signature = sign("sha256", Buffer.from(content), privateKey).toString("base64url");
  return { authorization: `Bearer ${content}.${signature}` };
}

interface StaticConfig {
  readonly admin: object;
  readonly static_resources: {
    readonly clusters: readonly {
      readonly name: string;
      readonly load_assignment: {
        readonly endpoints: readonly [
          { lb_endpoints: readonly [{ endpoint: { address: { socket_address: { port_value: number } } } }] },
        ];
      };
    }[];
  };
}

/** Where Envoy's own configuration has weir. */
function weirPortOf({ static_resources: { clusters } }: StaticConfig): number {
  const weir = clusters.find(({ name }) => name === "weir");
  assert.ok(weir);
  return weir.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.port_value;
}

type Translate = (policy: string, own: StaticConfig, folder: string) => object;

const translations: Readonly<Record<string, Translate>> = {
  "Envoy Gateway": (policy, own, folder) =>
    envoyGatewayXds(objectsOf(policy, "envoy-gateway"), {
      admin: own.admin,
      weirPort: weirPortOf(own),
      jwks,
      accessLog: join(folder, "access.log"),
    }),
  Istio: (policy, own) => istioXds(objectsOf(policy, "istio"), own.admin, weirPortOf(own)),
};

const code = ({ body }: ClientResponse) => (JSON.parse(body) as { fault?: { code: number } }).fault?.code;
const backendOf = ({ body }: ClientResponse) => (JSON.parse(body) as { backend?: string }).backend;

for (const [name, translate] of Object.entries(translations)) {
  describe(`Envoy as ${name} configures it by weir's objects`, () => {
    let folder: string;
    let stack: TestStack;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "weir-target-"));
      const jwksFile = join(folder, "jwks.json");
      await writeFile(jwksFile, jwks);
      const edit = (config: string, policy: string) =>
        patient(
          dump(translate(policy, load(config) as StaticConfig, folder), { noRefs: true, lineWidth: -1 }),
        );
      stack = await startTestStack(policyWith(jwksFile), undefined, { config: { kind: "printed", edit } });
    });
    after(async () => {
      await stack.stop();
      await rm(folder, { recursive: true });
    });

    const ask = (headers: Record<string, string> = {}, path = "/orders/v1/items") =>
      stack.gateway.one({ method: "GET", path, key: null, headers });

    test("finds every cluster in good health", async () => {
      const lines = async () => {
        const answer = await fetch(
          `http://127.0.0.1:${stack.envoy.adminPort}/stats?filter=membership_healthy`,
        );
        return (await answer.text()).trim().split("\n");
      };
      assert.ok((await lines()).some((line) => line.includes("weir")));
      const areHealthy = async () => (await lines()).every((line) => line.endsWith(": 1"));
      await waitUntil("health of clusters", areHealthy, stack.envoy.child);
    });

    test("asks weir about every request, and about those that no API matches", async () => {
      const { status, body } = await ask();
      assert.equal(status, 200, body);
      const unmatched = await ask({}, "/orders/v10/items");
      assert.deepEqual([unmatched.status, code(unmatched)], [404, 900906]);
    });

    test("hands weir what was verified of a token, which picks the backend", async () => {
      const ann = { azp: "mobile-web", sub: "ann" };
      assert.equal(backendOf(await ask(bearer(ann))), "production");
      assert.equal(backendOf(await ask(bearer({ ...ann, keytype: "SANDBOX" }))), "sandbox");
      assert.equal((await ask(bearer(ann))).status, 200);
      const denied = await ask(bearer(ann));
      assert.deepEqual([denied.status, code(denied)], [429, 900803]);
      assert.equal((await ask(bearer({ azp: "other", sub: "ann" }))).status, 403);
    });

    test("lets no client name its environment", async () => {
      assert.equal(backendOf(await ask({ "x-weir-environment": "sandbox" })), "production");
    });

    test("reads one path in one way, and refuses what could be read in two", async () => {
      const { status, body } = await ask({}, "/orders//v1/x/../items");
      assert.deepEqual([status, (JSON.parse(body) as { path: string }).path], [200, "/orders/v1/items"]);
      assert.equal((await ask({}, "/orders/v1%2Fitems")).status, 400);
    });

    test("tells weir of the bytes of requests that a limit counts", async () => {
      const isTold = async () => (await stack.metric("weir_bytes_total")) > 0;
      await waitUntil("weir's count of bytes", isTold, stack.weir.child);
    });

    test("has tokens reserved before a request passes, and charges what its response says", async () => {
      const lines = (await ledgerOf(stack)).length;
      assert.equal(
        (await stack.gateway.chat("", true, { stream_options: { include_usage: true } })).status,
        200,
      );
      await untilLedger(stack, lines + 1);
      const line = (await ledgerOf(stack)).at(-1);
      assert.deepEqual([line?.api, line?.source, line?.usage.total], ["chat/v1", "response", 100]);
      assert.ok(line?.reserved);
      const denied = await stack.gateway.chat("", false, { max_tokens: 5000 });
      assert.deepEqual([denied.status, code(denied)], [429, 900800]);
      assert.equal(await stack.metric("weir_unadmitted_total"), 0);
    });

    test("only reads responses where nothing is reserved", async () => {
      const lines = (await ledgerOf(stack)).length;
      assert.equal((await stack.gateway.chat("", false, {}, "/talk/v1")).status, 200);
      await untilLedger(stack, lines + 1);
      const line = (await ledgerOf(stack)).at(-1);
      assert.deepEqual([line?.api, line?.source, line?.usage.total], ["talk/v1", "response", 100]);
      assert.equal(line?.reserved, null);
    });

    test("lets nothing pass while weir is away", async () => {
      await stack.weir.stop();
      assert.equal((await ask()).status, 503);
    });

    if (name === "Envoy Gateway") {
      test("logs what weir decided, whatever the filter that asked is called", async () => {
        await stack.envoy.stop();
        const lines = (await readFile(join(folder, "access.log"), "utf8")).trim().split("\n");
        const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
        assert.ok(logged.some(({ api, decision }) => api === "orders/v1" && decision === "deny"));
        assert.ok(logged.some(({ api, admission }) => api === "chat/v1" && admission !== null));
      });
    }
  });
}
