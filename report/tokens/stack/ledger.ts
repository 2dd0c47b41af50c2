import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type LedgerLine, parseLedger } from "../../../demo/stack/ledger.js";
import type { WeirProcess } from "../../../demo/stack/weir.js";

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
