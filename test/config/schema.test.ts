import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { z } from "zod";
import { policyJsonSchema } from "../../src/config/schema/policy.js";
import { parseYaml } from "../../src/config/yaml.js";
import { readFixture } from "./loading.js";

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly oneOf?: readonly Node[];
  readonly anyOf?: readonly Node[];
}

/** Every property of the schema, by its place. */
function* propertiesOf(node: Node, place: string): Generator<[place: string, property: Node]> {
  for (const [name, property] of Object.entries(node.properties ?? {})) {
    yield [`${place}.${name}`, property];
    yield* propertiesOf(property, `${place}.${name}`);
  }
  if (node.items) yield* propertiesOf(node.items, `${place}[]`);
  if (typeof node.additionalProperties === "object")
    yield* propertiesOf(node.additionalProperties, `${place}.*`);
  for (const alternative of [...(node.oneOf ?? []), ...(node.anyOf ?? [])])
    yield* propertiesOf(alternative, place);
}

describe("policy.schema.json", () => {
  const text = readFileSync("policy.schema.json", "utf8");
  const committed = JSON.parse(text);

  test("is what the schema of the policy makes today (else: npm run gen)", () => {
    assert.equal(text, `${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
  });

  test("describes every property whose name does not say it all", () => {
    const obvious = new Set(
      "version tiers apis name match hosts limits resources backends production sandbox url applications credentials "
        .concat("environment apiKey jwt header user ip application custom faults format store kind")
        .split(" "),
    );
    const places = [...propertiesOf(committed, "")];
    assert.ok(places.length > 60, `${places.length} properties`);
    const bare = places.filter(
      ([place, { description }]) => !description && !obvious.has(place.split(".").pop() ?? ""),
    );
    assert.deepEqual(
      bare.map(([place]) => place),
      [],
    );
  });

  test("describes a store of either kind", () => {
    const places = [...propertiesOf(committed, "")].map(([place]) => place);
    for (const place of [".store.url", ".store.sentinel.nodes", ".store.password.env", ".store.tls.ca"])
      assert.ok(places.includes(place), place);
  });

  test("has patterns that mean the same without flags", () => {
    const patterns = [...text.matchAll(/"pattern": (".*")/g)].map(([, quoted = ""]) => JSON.parse(quoted));
    assert.ok(patterns.length > 10);
    for (const pattern of patterns) assert.ok(new RegExp(pattern, "u"), pattern);
    const hash = `sha256:${"0aF".repeat(21)}9`;
    const forKeys = patterns.filter((pattern) => pattern.includes("sha256"));
    assert.deepEqual(
      forKeys.map((pattern) => new RegExp(pattern, "u").test(hash)),
      [true],
    );
  });

  test("accepts the example, and refuses a misspelt key at any depth", () => {
    // Zod compiles patterns without the flag "u", which JSON Schema takes as given and \\p needs.
    const readable = (name: string, part: unknown) =>
      name === "pattern" && String(part).includes("\\p") ? undefined : part;
    const schema = z.fromJSONSchema(JSON.parse(text, readable));
    const example = JSON.stringify(parseYaml(readFixture("example.yaml")).value);
    assert.equal(schema.safeParse(JSON.parse(example)).error, undefined);
    for (const key of ["gateway", "limits", "pathPrefix", "provider", "clientId", "header", "format"]) {
      const misspelt = JSON.parse(example.replace(`"${key}":`, `"${key}s":`));
      assert.equal(schema.safeParse(misspelt).success, false, key);
    }
  });
});
