import { columns } from "../../cluster/format/columns.js";
import { modeNames } from "../modes.js";
import type { VolumeReport } from "../scenarios/volume.js";
import { statusesOf } from "./statuses.js";

export function formatVolume(report: VolumeReport): string[] {
  const rows = modeNames.map((mode) => {
    const { answers, requestsPerSecond, missingLines, doubleLines, unequal, unreserved } = report[mode];
    const numbers = [requestsPerSecond, missingLines, doubleLines, unequal, unreserved].map(String);
    return [mode, statusesOf(answers), ...numbers];
  });
  const header = [
    "",
    "answers",
    "requests/s",
    "without a line",
    "with more",
    "charged another sum",
    "unreserved",
  ];
  return ["## Volume: many short answers", "", ...columns([header, ...rows]), ""];
}
