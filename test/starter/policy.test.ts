import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { hashApiKey } from "../../src/identity/api-key.js";
import { writeStarter } from "../../src/starter/policy.js";
import { schemaPath } from "../../src/starter/schema-path.js";
import { definition, draft } from "../openapi/drafting.js";
import { checkOf, startTestWeir } from "../support/weir.js";

const keys = { production: "demo-1", sandbox: "demo-sandbox-1" };
const write = (...definitions: object[]) =>
  writeStarter({ apis: draft(...definitions).apis, keys, schema: null });

/** What is switched off. Prose has a blank behind its #. */
const OFF = /^( *)#(?=[^ ])/;

/** The text with the lines that are switched off in `[from, to)` switched on. */
function switchOn(lines: readonly string[], from: number, to: number): string {
  return lines.map((line, i) => (i >= from && i < to ? line.replace(OFF, "$1") : line)).join("\n");
}

/** What can be switched on alone: a line, or a whole entry of a list where it has several. */
function* switches(lines: readonly string[]): Generator<[from: number, to: number]> {
  for (let from = 0; from < lines.length; from++) {
    const [, indent] = OFF.exec(lines[from] ?? "") ?? [];
    if (indent === undefined) continue;
    let to = from + 1;
    const isEntry = /^ *#- \w+: /.test(lines[from] ?? "");
    while (isEntry && lines[to]?.startsWith(`${indent}  #`)) to++;
    yield [from, to];
    from = to - 1;
  }
}

const two = definition({
  servers: [{ url: "https://a.example" }, { url: "https://sandbox.a.example" }],
  paths: { "/items/{id}": { get: {}, put: {} }, "/{a}.json": { get: {} } },
});
const likeTheExample = definition({
  info: { title: "chat", version: "v1" },
  servers: [{ url: "https://b.example/chat-2" }],
});

describe("the starter policy", () => {
  for (const [what, text] of [
    ["of one backend", write()],
    ["of an API without operations", write(definition({ paths: {} }))],
    ["of several APIs", write(two, likeTheExample, two)],
  ] as const) {
    describe(what, () => {
      const lines = text.split("\n");
      const all = [...switches(lines)];

      test("loads without a warning", () => {
        assert.deepEqual(parsePolicy(text, "policy.yaml").warnings, []);
      });

      test("loads with each line switched on that is off", () => {
        assert.ok(all.length >= 11, `${all.length} switches`);
        for (const [from, to] of all) {
          const { warnings, file } = parsePolicy(switchOn(lines, from, to), `with line ${from + 1}`);
          assert.deepEqual(warnings, []);
          assert.notDeepEqual(file, parsePolicy(text, "policy.yaml").file, lines[from]);
        }
      });

      test("loads with all of them switched on", () => {
        const { policy, file, warnings } = parsePolicy(switchOn(lines, 0, lines.length), "policy.yaml");
        assert.deepEqual(warnings, []);
        assert.deepEqual([file.store?.kind, file.custom?.length, file.deny?.length], ["redis", 1, 2]);
        const levels = new Set([...policy.limits.values()].map(({ level }) => level));
        const expected = "gateway,api,subscription,application,custom,backend"
          .split(",")
          .concat("subscriptionBurst", "applicationBurst");
        if (/- match:/.test(text)) expected.push("resource");
        assert.deepEqual([...levels].sort(), expected.sort());
        assert.ok([...policy.apisByRef.values()].some(({ ai }) => ai !== null));
      });

      test("is fit to be read", () => {
        for (const line of lines) assert.ok(line.length <= 120 || line.includes("sha256:"), line);
        assert.doesNotMatch(text, /undefined|null|\[object/);
      });
    });
  }

  test("knows the demo application by its keys, which stand beside their hashes alone", () => {
    const text = write();
    const [application] = parsePolicy(text, "policy.yaml").file.applications ?? [];
    assert.deepEqual(application?.credentials, [{ apiKey: `sha256:${hashApiKey(keys.production)}` }]);
    const [, behind] = text.match(/apiKey: "sha256:[0-9a-f]{64}" \} # (.*)/) ?? [];
    assert.equal(behind, keys.production);
  });

  test("lets few requests pass without a key, and more with one", async (t) => {
    // Years keep windows from ending under the test.
    const weir = await startTestWeir(write().replaceAll("per: minute", "per: year"));
    t.after(() => weir.stop());
    const ask = async (key: string) =>
      (await weir.check(checkOf("/anything", { key }))).deniedResponse?.status?.code ?? 200;
    for (let i = 0; i < 5; i++) assert.equal(await ask(""), 200, `request ${i + 1}`);
    assert.equal(await ask(""), 429);
    for (let i = 0; i < 10; i++) assert.equal(await ask(keys.production), 200, `request ${i + 1} with a key`);
    assert.equal(await ask("demo-2"), 401);
  });
});

describe("the starter policy of OpenAPI definitions", () => {
  test("has their APIs, and the demo application may call them", () => {
    const { file } = parsePolicy(write(two, likeTheExample), "policy.yaml");
    assert.deepEqual(file.apis, [
      {
        name: "orders",
        version: "v1",
        match: { pathPrefix: "/orders/v1" },
        backends: {
          production: { url: "https://a.example/" },
          sandbox: { url: "https://sandbox.a.example/" },
        },
        resources: [{ match: "GET /items/{id}" }, { match: "PUT /items/{id}" }],
      },
      {
        name: "chat",
        version: "v1",
        match: { pathPrefix: "/chat-2" },
        backends: { production: { url: "https://b.example" } },
        resources: [{ match: "GET /items" }],
      },
    ]);
    assert.deepEqual(file.applications?.[0]?.subscriptions, { "orders/v1": "Gold", "chat/v1": "Gold" });
  });

  test("tells in their place which operations are left out", () => {
    assert.match(write(two), /- match: "PUT \/items\/\{id\}"\n.*\n {6}# left out: GET \/\{a\}\.json\n/);
  });

  test("gives the example of an AI API a name and a prefix that none of them has", () => {
    assert.match(write(two, likeTheExample), /#- name: chat-3\n.*\n *#match: \{ pathPrefix: \/chat-3 \}/);
  });

  test("is written in a moment for thousands of operations", () => {
    const paths = Object.fromEntries(
      Array.from({ length: 2000 }, (_, i) => [`/r${i}/{id}`, { get: {}, put: {} }]),
    );
    const from = performance.now();
    const { file } = parsePolicy(write(definition({ paths })), "policy.yaml");
    assert.equal(file.apis?.[0]?.resources?.length, 4000);
    assert.ok(performance.now() - from < 10_000);
  });
});

describe("the schema that editors are told of", () => {
  const schema = "/project/node_modules/weir/policy.schema.json";

  test("is named by its path from the policy", () => {
    assert.equal(schemaPath("policy.yaml", schema, "/project"), "./node_modules/weir/policy.schema.json");
    assert.equal(
      schemaPath("gateway/policy.yaml", schema, "/project"),
      "../node_modules/weir/policy.schema.json",
    );
    const text = writeStarter({ apis: [], keys, schema: "./policy.schema.json" });
    assert.match(text, /^# yaml-language-server: \$schema=\.\/policy\.schema\.json\n/);
    assert.deepEqual(parsePolicy(text, "policy.yaml").warnings, []);
  });

  test("is not named where it or the policy is outside of the project, or where the line could not hold its path", () => {
    assert.equal(schemaPath("policy.yaml", "/usr/lib/weir/policy.schema.json", "/project"), null);
    assert.equal(schemaPath("policy.yaml", "/projects/policy.schema.json", "/project"), null);
    assert.equal(schemaPath("/etc/weir/policy.yaml", schema, "/project"), null);
    assert.equal(schemaPath("../policy.yaml", schema, "/project"), null);
    assert.equal(schemaPath("policy.yaml", "/project/a b/policy.schema.json", "/project"), null);
  });
});
