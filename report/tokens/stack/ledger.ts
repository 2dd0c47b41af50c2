import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { WeirProcess } from "../../../demo/stack/weir.js";

/** What weir logs of each exchange with a model. Figures are tokens. */
export interface LedgerLine {
  readonly requestId: string | null;
  readonly api: string;
  readonly application: string | null;
  readonly model: string | null;
  readonly source: "response" | "estimate" | "reservation" | "none";
  readonly reason: string;
  readonly usage: { readonly input: number; readonly output: number; readonly total?: number };
  /** What the request was expected to use; null where nothing was reserved for it. */
  readonly reserved: { readonly input: number; readonly output: number } | null;
  /** What was charged to each limit in the end. */
  readonly limits: readonly { readonly limit: string; readonly amount: number }[];
}

/** @param log of weir, as far as it is written: an unfinished last line does not count */
export function parseLedger(log: string): LedgerLine[] {
  return log
    .slice(0, log.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line.includes('"msg":"ledger"'))
    .map((line) => JSON.parse(line) as LedgerLine);
}

const LOOK_MS = 100;
/** Without a new line for so long there will be none: Envoy tells of a response that broke off within 5 seconds. */
const QUIET_MS = 7_000;

/**
 * The ledger once it has a line for each of these requests, or has stopped growing.
 *
 * @param lingerMs how long to wait even then, for lines that should not be there
 */
export async function settledLedger(
  { logFile }: WeirProcess,
  requestIds: readonly string[],
  lingerMs = 0,
): Promise<LedgerLine[]> {
  let lines: LedgerLine[] = [];
  let grewMs = performance.now();
  for (;;) {
    const now = parseLedger(await readFile(logFile, "utf8"));
    if (now.length > lines.length) grewMs = performance.now();
    lines = now;
    const known = new Set(lines.map(({ requestId }) => requestId));
    const quietMs = performance.now() - grewMs;
    if (requestIds.every((id) => known.has(id)) ? quietMs >= lingerMs : quietMs >= QUIET_MS) return lines;
    await sleep(LOOK_MS);
  }
}
