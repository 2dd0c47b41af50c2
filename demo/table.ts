import type { ClientResponse } from "./gateway.js";
import type { Row } from "./rows.js";

export interface Result {
  readonly row: Row;
  readonly responses: readonly ClientResponse[];
}

/** Prints what was allowed and denied, row by row. Returns whether every row came out as it must. */
export function printTable(results: readonly Result[], say: (line: string) => void): boolean {
  const width = Math.max(...results.map(({ row }) => row.level.length));
  say(`\n   ${"level".padEnd(width)}  allowed  denied  answer`);
  let good = true;
  for (const { row, responses } of results) {
    const denied = responses.filter(({ status }) => status !== 200);
    const asExpected = isAsExpected(row, responses.length - denied.length, denied);
    good &&= asExpected;
    const allowed = String(responses.length - denied.length).padStart(7);
    const counts = `${allowed}  ${String(denied.length).padStart(6)}`;
    const answer = denied[0] ? `${denied[0].status} ${denied[0].body}` : "-";
    say(`${asExpected ? "ok " : "!! "}${row.level.padEnd(width)}  ${counts}  ${row.what}`);
    say(`${" ".repeat(width + 22)}${answer}`);
    if (!asExpected) say(`${" ".repeat(width + 22)}expected ${row.allowed} allowed, ${row.denied} denied`);
  }
  say(good ? "\nevery row came out as it must" : "\nsome rows did not come out as they must");
  return good;
}

function isAsExpected(row: Row, allowed: number, denied: readonly ClientResponse[]): boolean {
  return (
    allowed === row.allowed &&
    denied.length === row.denied &&
    denied.every(({ status, body }) => status === row.status && codeOf(body) === row.code)
  );
}

function codeOf(body: string): number | null {
  try {
    return (JSON.parse(body) as { fault?: { code?: number } }).fault?.code ?? null;
  } catch {
    return null;
  }
}
