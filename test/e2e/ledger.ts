import { readFile } from "node:fs/promises";
import { type LedgerLine, parseLedger } from "../../demo/stack/ledger.js";
import { waitUntil } from "../../demo/stack/process.js";
import type { Stack } from "../../demo/stack/stack.js";

export type { LedgerLine };

export async function ledgerOf({ weir }: Stack): Promise<LedgerLine[]> {
  return parseLedger(await readFile(weir.logFile, "utf8"));
}

/** Waits for so many lines, and returns them all. */
export async function untilLedger(stack: Stack, lines: number): Promise<LedgerLine[]> {
  let ledger: LedgerLine[] = [];
  await waitUntil(
    `${lines} lines in the ledger`,
    async () => {
      ledger = await ledgerOf(stack);
      return ledger.length >= lines;
    },
    stack.weir.child,
  );
  return ledger;
}
