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
  /** What was charged to each limit in the end, and held before. */
  readonly limits: readonly {
    readonly limit: string;
    readonly key?: string;
    readonly amount: number;
    readonly held?: number;
  }[];
}

/** @param log of weir, as far as it is written: an unfinished last line does not count */
export function parseLedger(log: string): LedgerLine[] {
  return log
    .slice(0, log.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line.includes('"msg":"ledger"'))
    .map((line) => JSON.parse(line) as LedgerLine);
}
