import { columns } from "../../cluster/format/columns.js";
import { modeNames } from "../modes.js";
import type { DeathReport } from "../scenarios/death.js";
import { statusesOf } from "./statuses.js";

export function formatDeath(report: DeathReport): string[] {
  const rows = modeNames.map((mode) => {
    const { streams, openStreams, wholeStreams, withUsage, answersWhileAway } = report[mode];
    return [
      mode,
      ...[streams, openStreams, wholeStreams, withUsage].map(String),
      statusesOf(answersWhileAway),
    ];
  });
  return [
    "## Death: weir killed in the middle of streams",
    "",
    ...columns([["", "streams", "under way", "whole", "with usage", "requests while it is away"], ...rows]),
    "",
  ];
}
