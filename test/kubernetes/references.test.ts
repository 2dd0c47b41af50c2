import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { containersOf, examples, type Manifest, selects } from "./manifests.js";

const docs = readFileSync("docs/kubernetes.md", "utf8");

for (const example of examples) {
  const deployments = example.all("Deployment");
  const services = example.all("Service");
  const networkPolicies = example.all("NetworkPolicy");
  const labelsOf = ({ spec }: Manifest<"Deployment">) => spec.template.metadata.labels;
  const selectedBy = (wanted: Readonly<Record<string, string>>) =>
    deployments.filter((deployment) => selects(wanted, labelsOf(deployment)));
  const portsOf = ({ spec }: Manifest<"Deployment">) =>
    containersOf(spec.template.spec).flatMap(({ ports = [] }) => ports);

  describe(`in ${example.folder}`, () => {
    test("no two objects of a kind have the same name", () => {
      const names = example.files.flatMap(({ objects }) =>
        objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
      );
      assert.equal(new Set(names).size, names.length, names.join());
    });

    for (const deployment of deployments) {
      const { name } = deployment.metadata;
      const pod = deployment.spec.template.spec;

      test(`Deployment ${name} selects its own pods, and so do its rules for spreading them`, () => {
        const selectors = [
          deployment.spec.selector,
          ...(pod.topologySpreadConstraints ?? []).map(({ labelSelector }) => labelSelector),
        ];
        for (const { matchLabels } of selectors) assert.deepEqual(selectedBy(matchLabels), [deployment]);
      });

      test(`every volume of ${name} is there, is mounted, and is used by nothing but folders`, () => {
        const mounts = containersOf(pod).flatMap(({ volumeMounts = [] }) => volumeMounts);
        const mounted = new Set(mounts.map(({ name }) => name));
        assert.deepEqual(mounted, new Set(pod.volumes.map(({ name }) => name)));
        assert.equal(mounts.filter(({ subPath }) => subPath !== undefined).length, 0);
      });

      test(`what the volumes of ${name} are made of is there, or docs/kubernetes.md says how to make it`, () => {
        for (const { name, configMap, secret, emptyDir } of pod.volumes) {
          const maps = example.all("ConfigMap").map(({ metadata }) => metadata.name);
          if (configMap) assert.ok(maps.includes(configMap.name), configMap.name);
          else if (secret) assert.ok(docs.includes(`kubectl create secret generic ${secret.secretName} `));
          else assert.ok(emptyDir?.sizeLimit, name);
        }
      });

      test(`${name} is closed to the network but for ports that it has`, () => {
        const policies = networkPolicies.filter(({ spec }) =>
          selects(spec.podSelector.matchLabels, labelsOf(deployment)),
        );
        assert.equal(policies.length, 1);
        const open = policies.flatMap(({ spec }) => spec.ingress.flatMap(({ ports }) => ports));
        const there = portsOf(deployment).map(({ containerPort }) => containerPort);
        // By number: not every network knows the names of a sidecar's ports.
        for (const { port } of open) assert.ok(there.includes(Number(port)), `${port}`);
      });

      test(`losing one pod of ${name} at a time leaves others`, () => {
        const budgets = example
          .all("PodDisruptionBudget")
          .filter(({ spec }) => selects(spec.selector.matchLabels, labelsOf(deployment)));
        const { replicas } = deployment.spec;
        assert.deepEqual(
          budgets.map(({ spec }) => spec.maxUnavailable),
          replicas > 1 ? [1] : [],
        );
      });
    }

    for (const { metadata, spec } of services) {
      test(`Service ${metadata.name} leads to ports of one Deployment's pods`, () => {
        const [deployment, ...others] = selectedBy(spec.selector);
        assert.ok(deployment);
        assert.deepEqual(others, []);
        const there = portsOf(deployment);
        for (const { targetPort, port } of spec.ports) {
          const target = there.filter(({ name }) => name === targetPort);
          assert.equal(target.length, 1, `${targetPort}`);
          // The name of a headless Service stands for pods: nothing turns one port into another.
          if (spec.clusterIP === "None") assert.equal(port, target[0]?.containerPort);
        }
      });
    }

    test("budgets and network policies are about pods that there are", () => {
      const selectors = [
        ...example.all("PodDisruptionBudget").map(({ spec }) => spec.selector),
        ...networkPolicies.map(({ spec }) => spec.podSelector),
        ...networkPolicies.flatMap(({ spec }) =>
          spec.ingress.flatMap(({ from = [] }) => from.flatMap(({ podSelector }) => podSelector ?? [])),
        ),
      ];
      assert.ok(selectors.length > 0);
      for (const { matchLabels } of selectors) {
        assert.equal(selectedBy(matchLabels).length, 1, JSON.stringify(matchLabels));
      }
    });
  });
}

describe("docs/kubernetes.md", () => {
  test("applies and links to nothing that is not there", () => {
    const applied = [...docs.matchAll(/kubectl apply -f (\S+)/g)].map(([, path = ""]) => path);
    assert.deepEqual(applied.sort(), examples.map(({ folder }) => folder).sort());
    const links = [...docs.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = ""]) => path);
    assert.ok(links.length > 0);
    for (const link of links) assert.ok(existsSync(join("docs", link)), link);
  });

  test("builds the images that the examples run", () => {
    const built = [...docs.matchAll(/docker build --target (\w+) -t (\S+) \./g)];
    const images = examples.flatMap((example) =>
      example
        .all("Deployment")
        .flatMap(({ spec }) => containersOf(spec.template.spec).map(({ image }) => image)),
    );
    const ours = images.filter((image) => image.startsWith("weir"));
    assert.deepEqual(new Set(built.map(([, , image]) => image)), new Set(ours));
    const dockerfile = readFileSync("Dockerfile", "utf8");
    for (const [, target] of built) assert.match(dockerfile, new RegExp(`^FROM .* AS ${target}$`, "m"));
  });
});
