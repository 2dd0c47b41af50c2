import type { LedgerLine } from "../../../demo/stack/ledger.js";
import { percentile, rounded } from "../../cluster/analysis/spread.js";
import { groupsOf } from "./groups.js";

/** An answer of the model server, and what is known of how it went. */
export interface Exchange {
  readonly requestId: string;
  /** By the model server's own count; of a cut answer what was made until then. Tokens. */
  readonly made: { readonly input: number; readonly output: number };
  /** Whether the response told all of it, and reached its client whole. */
  readonly isTold: boolean;
  /** What it has in common with others, for the table. */
  readonly kind: string;
}

/** What the ledger says of exchanges, compared with what they were. */
export interface Account {
  readonly exchanges: number;
  readonly missingLines: readonly string[];
  readonly doubleLines: readonly string[];
  /** Lines of requests that the model server never answered. */
  readonly strangeLines: number;
  readonly told: {
    readonly exchanges: number;
    /** By request id: charged another sum than told. */
    readonly unequal: readonly Unequal[];
  };
  readonly untold: readonly Guesses[];
}

export interface Unequal {
  readonly requestId: string;
  readonly made: Exchange["made"];
  readonly charged: Exchange["made"];
}

/** Exchanges of one kind that did not tell all: what was charged, as a multiple of what was made. */
export interface Guesses {
  readonly kind: string;
  readonly exchanges: number;
  readonly input: Ratios;
  readonly output: Ratios;
  /** How many were charged by whose word. */
  readonly sources: Readonly<Record<string, number>>;
}

export interface Ratios {
  readonly least: number;
  readonly median: number;
  readonly most: number;
  /** Of the sums. */
  readonly all: number;
}

/** Kinds are in the order in which they come first. */
export function accountFor(exchanges: readonly Exchange[], ledger: readonly LedgerLine[]): Account {
  const linesById = groupsOf(ledger, ({ requestId }) => requestId);
  const linesOf = ({ requestId }: Exchange) => linesById.get(requestId) ?? [];
  const ids = (wanted: (lines: number) => boolean) =>
    exchanges.filter((exchange) => wanted(linesOf(exchange).length)).map(({ requestId }) => requestId);
  const known = new Set<string | null>(exchanges.map(({ requestId }) => requestId));
  const charged = exchanges.flatMap((exchange): Charged[] => {
    const [line] = linesOf(exchange);
    return line ? [{ exchange, line }] : [];
  });
  const told = charged.filter(({ exchange }) => exchange.isTold);
  const untold = charged.filter(({ exchange }) => !exchange.isTold);
  return {
    exchanges: exchanges.length,
    missingLines: ids((lines) => lines === 0),
    doubleLines: ids((lines) => lines > 1),
    strangeLines: ledger.filter(({ requestId }) => !known.has(requestId)).length,
    told: { exchanges: told.length, unequal: told.flatMap(unequal) },
    untold: [...groupsOf(untold, ({ exchange }) => exchange.kind)].map(guesses),
  };
}

interface Charged {
  readonly exchange: Exchange;
  readonly line: LedgerLine;
}

function unequal({ exchange: { requestId, made }, line: { usage } }: Charged): Unequal[] {
  const isEqual = usage.input === made.input && usage.output === made.output;
  return isEqual ? [] : [{ requestId, made, charged: { input: usage.input, output: usage.output } }];
}

function guesses([kind, charged]: [string, Charged[]]): Guesses {
  const ratios = (figure: "input" | "output") =>
    ratiosOf(charged.map(({ exchange, line }) => [line.usage[figure], exchange.made[figure]]));
  const sources: Record<string, number> = {};
  for (const { line } of charged) sources[line.source] = (sources[line.source] ?? 0) + 1;
  return { kind, exchanges: charged.length, input: ratios("input"), output: ratios("output"), sources };
}

/** @param pairs charged and made; where nothing was made, 1 if nothing was charged */
function ratiosOf(pairs: readonly (readonly [charged: number, made: number])[]): Ratios {
  const ratio = (charged: number, made: number) => (charged === made ? 1 : charged / made);
  const sorted = pairs.map(([charged, made]) => ratio(charged, made)).toSorted((a, b) => a - b);
  const sum = (side: 0 | 1) => pairs.reduce((total, pair) => total + pair[side], 0);
  const at = (percent: number) => rounded(percentile(sorted, percent), 3);
  return { least: at(0), median: at(50), most: at(100), all: rounded(ratio(sum(0), sum(1)), 3) };
}
