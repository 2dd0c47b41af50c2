import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { parsePolicy } from "../src/config/load.js";
import { aiProviders } from "../src/policy/ai.js";
import { amountsOf } from "../src/policy/amounts.js";

const readme = await readFile("README.md", "utf8");

describe("docs/policy.md", () => {
  test("shows limits and tiers that load", async () => {
    const text = await readFile("docs/policy.md", "utf8");
    const [limits = "", tiers = ""] = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(
      ([, block = ""]) => block,
    );
    const ai = "apis: [{ name: a, version: v1, match: { pathPrefix: /a }, ai: { provider: openai } }]";
    const indented = limits.replaceAll(/^/gm, "    ");
    const { policy } = parsePolicy(`version: 1\n${ai}\ngateway:\n  limits:\n${indented}`, "limits");
    assert.equal(policy.gateway.length, 7);
    const identity = "identity: [{ jwt: { metadata: [envoy.filters.http.jwt_authn, payload] } }]";
    parsePolicy(`version: 1\n${identity}\n${tiers}`, "tiers");
  });

  test("shows backends that load, without a warning", async () => {
    const text = await readFile("docs/policy.md", "utf8");
    const [, block = ""] = /## Where requests go\n\n```yaml\n(.*?)```/s.exec(text) ?? [];
    const { warnings } = parsePolicy(`version: 1\nunmatched: deny\n${block}`, "backends");
    assert.deepEqual(warnings, []);
  });

  test("shows AI APIs that load, and every provider", async () => {
    const text = await readFile("docs/policy.md", "utf8");
    const [, block = ""] = /## AI APIs\n\n```yaml\n(.*?)```/s.exec(text) ?? [];
    const entries = block.split(/^(?=ai:)/m);
    assert.equal(entries.length, 3);
    for (const entry of entries) {
      const api = `name: a\nversion: v1\nmatch: { pathPrefix: /a }\n${entry}`.replaceAll(/^/gm, "  ");
      assert.ok(parsePolicy(`version: 1\napis:\n-\n${api}`, "ai").policy.apisByRef.get("a/v1")?.ai, entry);
    }
    for (const provider of aiProviders) assert.ok(text.includes(`\`${provider}\``), provider);
  });

  test("shows models, limits on them and terms that load together", async () => {
    const text = await readFile("docs/policy.md", "utf8");
    const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, block = ""]) => block);
    const blockAt = (start: string) => blocks.find((block) => block.startsWith(start)) ?? assert.fail(start);
    const api = ["name: a", "version: v1", "match: { pathPrefix: /a }"];
    const parts = [...api, blockAt("ai:\n  provider: openai"), blockAt("limits:")].join("\n");
    const file = `version: 1\n${blockAt("models:")}apis:\n-\n${parts.replaceAll(/^/gm, "  ")}`;
    const { policy } = parsePolicy(file, "models");
    assert.equal(policy.limits.size, 4);
  });

  test("shows an example of AI that loads, and counts as it says", async () => {
    const text = await readFile("docs/policy.md", "utf8");
    const [, block = ""] = /### An example\n\n```yaml\n(.*?)```/s.exec(text) ?? [];
    const { policy, warnings } = parsePolicy(block, "example");
    assert.deepEqual(warnings, []);
    const figures = { input: 10_000, cachedInput: 8000, cacheWriteInput: 1000, output: 500, reasoning: 0 };
    const amounts = amountsOf({ ...figures, total: 10_500 }, policy.models.find("claude-sonnet-4"));
    assert.ok(text.includes(`| \`totalTokens\` | ${amounts.totalTokens.toLocaleString("en")} |`));
    assert.ok(text.includes(`| \`spend\` | ${amounts.spend / 1e6} |`));
  });
});

describe("README.md", () => {
  test("shows a policy that loads, without a warning", () => {
    const [, example = ""] = /```yaml\n(.*?)```/s.exec(readme) ?? [];
    const { policy, warnings } = parsePolicy(example, "README.md");
    assert.equal(policy.apisByRef.size, 2);
    assert.deepEqual(warnings, []);
  });

  test("links to nothing that is not there", async () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = ""]) => path);
    assert.ok(links.length > 0);
    for (const link of links) await assert.doesNotReject(readFile(link), link);
  });

  test("names every metric and every flag that there is", async () => {
    const files = ["src/telemetry/metrics.ts", "src/telemetry/store-metrics.ts"];
    const metrics = (await Promise.all(files.map((file) => readFile(file, "utf8")))).join("\n");
    for (const [, name = ""] of metrics.matchAll(/"(weir_\w+)"/g)) assert.ok(readme.includes(name), name);
    const commands = ["serve", "meter", "envoy", "envoy-settings", "init"];
    const flags = await Promise.all(commands.map((name) => readFile(`src/cli/${name}.ts`, "utf8")));
    const names = [...flags.join("\n").matchAll(/^ {2,6}"?([a-z-]+)"?: \{(?= type| *$)/gm)].map(
      ([, name]) => name,
    );
    assert.ok(names.length >= 20, names.join());
    for (const name of names) assert.ok(readme.includes(`--${name}`), name);
  });
});
