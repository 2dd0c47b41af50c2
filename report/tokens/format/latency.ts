import { columns } from "../../cluster/format/columns.js";
import { type Times, timeNames } from "../analysis/times.js";
import { type LatencyReport, type Measured, type SideName, sideNames } from "../scenarios/latency.js";

const titles: Record<SideName, string> = {
  without: "without weir",
  withoutAgain: "without weir, again: noise",
  decisionOnly: "decided, and nobody meters",
  meteringOnly: "charge-after, metering filter alone",
  chargeAfter: "charge-after",
  reserve: "reserve",
  hide: "reserve, includeUsage: hide",
};

export function formatLatency({ plan, sides }: LatencyReport): string[] {
  const { rounds, streamsAtATime, pieces, paceMs } = plan;
  const { paced, unpaced } = sides.without;
  const paces = `${pieces} pieces ${paceMs} ms apart, ${streamsAtATime} streams at a time`;
  const table = (what: string, measured: (side: SideName) => Measured, rest: Rest = NO_REST) => [
    ...columns([
      [what, ...timeNames.flatMap((name) => [`${name} ms`, "minus", "ratio"]), ...rest.names],
      ...sideNames.map((side) => [titles[side], ...cells(measured(side)), ...rest.cells(side)]),
    ]),
    "",
  ];
  const failed = (kind: "paced" | "unpaced"): Rest => ({
    names: ["failed"],
    cells: (side) => [String(sides[side][kind].failedStreams)],
  });
  return [
    `## Latency: ${paces}, ${paced.streams} of each side in ${rounds} rounds`,
    "",
    ...table("first byte of the body", (side) => sides[side].paced.firstByte, failed("paced")),
    ...table("between pieces", (side) => sides[side].paced.gaps),
    `## Throughput: ${pieces} pieces at once, ${streamsAtATime} streams at a time, ${unpaced.streams} of each side`,
    "",
    ...table("whole stream", (side) => sides[side].unpaced.whole, {
      names: ["streams/s", "ratio", "failed"],
      cells: (side) => {
        const { streamsPerSecond, ratio, failedStreams } = sides[side].unpaced;
        return [streamsPerSecond.toFixed(0), ratio.toFixed(2), String(failedStreams)];
      },
    }),
  ];
}

interface Rest {
  readonly names: readonly string[];
  readonly cells: (side: SideName) => readonly string[];
}

const NO_REST: Rest = { names: [], cells: () => [] };

function cells({ ms, minusMs, ratio }: Measured): string[] {
  const cell = (times: Times, name: keyof Times, sign = "") =>
    `${times[name] >= 0 ? sign : ""}${times[name].toFixed(2)}`;
  return timeNames.flatMap((name) => [cell(ms, name), cell(minusMs, name, "+"), cell(ratio, name)]);
}
