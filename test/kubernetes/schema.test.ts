import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { runPython } from "../support/python.js";
import { examples } from "./manifests.js";

/** The oldest and the newest that docs/kubernetes.md tells of; the checker knows no newer one. */
const VERSIONS = ["1.30", "1.37"];

interface Read {
  readonly object: unknown;
  readonly mistake: string | null;
}

const read = (text: string, version: string) =>
  runPython("kubernetes/validate.py", [], { text, version }) as Read[];

const mistakesOf = (text: string, version = "1.37") =>
  read(text, version).flatMap(({ mistake }) => mistake ?? []);

for (const { files } of examples) {
  for (const { file, text, objects } of files) {
    describe(file, () => {
      for (const version of VERSIONS) {
        test(`is what Kubernetes ${version} takes, with no field that it does not know`, () => {
          assert.equal(read(text, version).length, objects.length);
          assert.deepEqual(mistakesOf(text, version), []);
        });
      }

      test("means the same in YAML 1.1, which kubectl reads, and in YAML 1.2", () => {
        const asKubectl = read(text, "1.37").map(({ object }) => object);
        assert.deepEqual(asKubectl, objects);
      });
    });
  }
}

test("docs/kubernetes.md promises the versions that the manifests are held against", () => {
  const docs = readFileSync("docs/kubernetes.md", "utf8");
  assert.ok(docs.includes(`for Kubernetes ${VERSIONS[0]} or later`));
  assert.ok(docs.includes(`schemas of Kubernetes ${VERSIONS.join(" and ")} `));
});

describe("the checker of manifests refuses", () => {
  const textOf = (name: string) =>
    examples.flatMap(({ files }) => files).find(({ file }) => file.endsWith(name))?.text ?? assert.fail(name);

  for (const [what, from, to, message] of [
    [
      "a misspelt field",
      "readinessProbe:",
      "readynessProbe:",
      /containers\.0: .*'readynessProbe' was unexpected/,
    ],
    ["a field in the wrong place", "clusterIP: None", "replicas: 3", /^spec: .*'replicas' was unexpected/],
    ["a wrong type", "replicas: 3", 'replicas: "3"', /^spec\.replicas: '3' is not/],
    ["a field that is missing", "- name: weir\n", "- command: [weir]\n", /'name' is a required property/],
    [
      "a kind that there is not",
      "kind: Deployment",
      "kind: Deploymnet",
      /^Couldn't find schema for kind Deploymnet/,
    ],
    ["a version that there is not", "apiVersion: apps/v1", "apiVersion: apps/v9", /^Couldn't find schema/],
  ] as const) {
    test(what, () => {
      const good = textOf("weir.yaml");
      assert.ok(good.includes(from), from);
      const mistakes = mistakesOf(good.replace(from, to));
      assert.equal(mistakes.length, 1);
      assert.match(mistakes[0] ?? "", message);
    });
  }

  test("fields that came with later versions", () => {
    const [mistake = ""] = mistakesOf(textOf("sidecar/deployment.yaml"), "1.27");
    assert.match(mistake, /was unexpected/);
  });
});
