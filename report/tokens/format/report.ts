import type { Report } from "../report.js";
import { formatAborts } from "./aborts.js";
import { formatDeath } from "./death.js";
import { formatLatency } from "./latency.js";
import { formatOvershoot } from "./overshoot.js";
import { formatVolume } from "./volume.js";

/** The report for people. */
export function formatReport({ machine, latency, overshoot, aborts, death, volume }: Report): string {
  const { cores, node, envoy, loadAverageBefore } = machine;
  return [
    `${cores} cores, node ${node}, Envoy ${envoy}; load average before: ${loadAverageBefore.toFixed(2)}`,
    "",
    ...(latency ? formatLatency(latency) : []),
    ...(overshoot ? formatOvershoot(overshoot) : []),
    ...(aborts ? formatAborts(aborts) : []),
    ...(death ? formatDeath(death) : []),
    ...(volume ? formatVolume(volume) : []),
  ]
    .join("\n")
    .trimEnd();
}
