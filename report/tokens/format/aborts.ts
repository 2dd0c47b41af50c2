import { columns } from "../../cluster/format/columns.js";
import type { Guesses, Ratios } from "../analysis/account.js";
import type { AbortsReport } from "../scenarios/aborts.js";

export function formatAborts(report: AbortsReport): string[] {
  const { sentRequests, wholeStreams, exchanges, missingLines, doubleLines, strangeLines } = report;
  const { told, counter } = report;
  const difference = counter.used - counter.charged;
  const heads = (what: string) => [`${what} least`, "median", "most", "all"];
  return [
    `## Aborts: ${sentRequests} streams at once, ${wholeStreams} whole at the client`,
    "",
    ...columns([
      ["answers of the model server", String(exchanges)],
      ["of these without a line in the ledger", String(missingLines.length)],
      ["with more than one", String(doubleLines.length)],
      ["lines of requests that it never answered", String(strangeLines)],
      ["answers that told all", String(told.exchanges)],
      ["of these charged another sum", String(told.unequal.length)],
      ["counter", String(counter.used)],
      ["sum of the ledger", `${counter.charged} (${difference === 0 ? "equal" : `off by ${difference}`})`],
    ]),
    ...told.unequal.map(({ requestId, made, charged }) => {
      return `${requestId}: made ${made.input}+${made.output}, charged ${charged.input}+${charged.output}`;
    }),
    "",
    "Charged, as a multiple of what was made, where the client did not get all of it or was not told:",
    "",
    ...columns([
      ["", "answers", ...heads("input"), ...heads("output"), "by"],
      ...report.untold.toSorted((a, b) => a.kind.localeCompare(b.kind)).map(guessRow),
    ]),
    "",
  ];
}

function guessRow({ kind, exchanges, input, output, sources }: Guesses): string[] {
  const cells = ({ least, median, most, all }: Ratios) => [least, median, most, all].map((n) => n.toFixed(2));
  const by = Object.entries(sources).map(([source, times]) => `${source} ${times}`);
  return [kind, String(exchanges), ...cells(input), ...cells(output), by.join(", ")];
}
