import { readFile } from "node:fs/promises";
import { waitUntil } from "../../demo/stack/process.js";
import type { Stack } from "../../demo/stack/stack.js";

/** What weir logs of each exchange with a model. */
export interface LedgerLine {
  readonly requestId: string | null;
  readonly api: string;
  readonly application: string | null;
  readonly model: string | null;
  readonly source: "response" | "estimate" | "reservation" | "none";
  readonly reason: string;
  readonly usage: { readonly input: number; readonly output: number };
  readonly reserved: { readonly input: number; readonly output: number } | null;
  readonly limits: readonly { readonly limit: string; readonly key?: string; readonly amount: number }[];
}

export async function ledgerOf({ weir }: Stack): Promise<LedgerLine[]> {
  const log = await readFile(weir.logFile, "utf8");
  const whole = log.slice(0, log.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter((line) => line.includes('"msg":"ledger"'))
    .map((line) => JSON.parse(line) as LedgerLine);
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
