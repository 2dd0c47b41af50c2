import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Container, examples, flagOf } from "./manifests.js";

const isWeir = ({ image, args }: Container) => image.startsWith("weir:") && args?.[0] === "serve";

/** How long a container's preStop takes. */
function preStopSeconds({ lifecycle }: Container): number {
  const { sleep, exec } = lifecycle?.preStop ?? {};
  const [, scripted = 0] = /^sleep (\d+)$/m.exec(exec?.command.at(-1) ?? "") ?? [];
  return sleep?.seconds ?? Number(scripted);
}

/** How long weir takes at the most from SIGTERM on. */
const drainSeconds = (weir: Container) =>
  (Number(flagOf(weir, "drain-delay-ms")) + Number(flagOf(weir, "drain-ms"))) / 1000;

for (const example of examples) {
  for (const { metadata, spec } of example.all("Deployment")) {
    const { initContainers = [], containers, terminationGracePeriodSeconds } = spec.template.spec;

    describe(`${example.folder}: when a pod of ${metadata.name} is to go`, () => {
      test("all that is under way may end before Kubernetes kills it", () => {
        const together = containers.map(
          (container) => preStopSeconds(container) + (isWeir(container) ? drainSeconds(container) : 0),
        );
        // Sidecars are told to stop when all others have gone.
        const afterwards = initContainers.filter(isWeir).map(drainSeconds);
        const seconds = Math.max(...together) + afterwards.reduce((sum, each) => sum + each, 0);
        assert.ok(terminationGracePeriodSeconds > seconds, `${terminationGracePeriodSeconds} > ${seconds}`);
      });

      const envoy = containers.find(({ name }) => name === "envoy");
      if (envoy) {
        test("Envoy drains to the end, and what it asks is there until then", () => {
          const seconds = preStopSeconds(envoy);
          assert.ok(seconds > Number(flagOf(envoy, "drain-time-s")));
          for (const container of containers) assert.ok(preStopSeconds(container) >= seconds, container.name);
          for (const { restartPolicy, name } of initContainers) assert.equal(restartPolicy, "Always", name);
        });
      }
    });
  }
}
