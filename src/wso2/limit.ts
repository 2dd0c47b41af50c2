import { type LimitEntry, limit as limitSchema } from "../config/schema/limit.js";
import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import type { Unit } from "../policy/limit.js";
import { readPer } from "./time.js";

/** What a limit of WSO2 comes to. */
export type ReadLimit =
  | { readonly kind: "limit"; readonly entry: LimitEntry }
  /** Limits nothing. */
  | { readonly kind: "none" }
  /** Lets nothing through, which no limit of weir does. */
  | { readonly kind: "zero" }
  /** Has no counterpart, and that is noted. */
  | { readonly kind: "lost" };

/** What is counted, without the window. */
type Amounts = { [K in Unit]?: K extends "bytes" ? string : number };

const none: ReadLimit = { kind: "none" };
const lost: ReadLimit = { kind: "lost" };

/** Reads a `defaultLimit`, or the `limit` of a conditional group. */
export function readLimit(limit: Field, notes: Notes): ReadLimit {
  if (!limit.isThere) return none;
  const type = limit.at("type");
  const word = type
    .text()
    ?.toLowerCase()
    .replace(/limit$/, "");
  const part = (key: string) => (limit.at(key).isMapping ? limit.at(key) : limit);
  const isOf = (kind: string, key: string) => (word === undefined ? limit.at(key).isMapping : word === kind);
  if (isOf("requestcount", "requestCount")) return readRequests(part("requestCount"), notes);
  if (isOf("bandwidth", "bandwidth")) return readBandwidth(part("bandwidth"), notes);
  if (isOf("aiapiquota", "aiApiQuota")) return readQuota(part("aiApiQuota"), notes);
  if (isOf("eventcount", "eventCount")) {
    notes.add(limit, "events of streaming APIs are not counted: the limit is left out");
  } else {
    notes.add(type, `limits of type "${type.text() ?? ""}" are not known: the limit is left out`);
  }
  return lost;
}

function readRequests(count: Field, notes: Notes): ReadLimit {
  const amount = readAmount(count.at("requestCount"), notes);
  if (amount === null) return lost;
  if (amount === undefined) return none;
  return amount === 0 ? { kind: "zero" } : made(count, { requests: amount }, notes);
}

function readBandwidth(bandwidth: Field, notes: Notes): ReadLimit {
  const amount = readAmount(bandwidth.at("dataAmount"), notes);
  if (amount === null) return lost;
  if (amount === undefined) return none;
  if (amount === 0) return { kind: "zero" };
  const unit = bandwidth.at("dataUnit").text()?.toUpperCase() ?? "B";
  const read = made(bandwidth, { bytes: `${amount} ${unit}` }, notes);
  if (read.kind === "limit") {
    notes.add(
      bandwidth,
      "WSO2 counts the bytes of requests alone, weir those of responses too: raise it for them",
    );
  }
  return read;
}

const quotas = [
  ["requestCount", "requests"],
  ["totalTokenCount", "totalTokens"],
  ["promptTokenCount", "promptTokens"],
  ["completionTokenCount", "completionTokens"],
] as const;

/** Of an AI quota, whatever is 0 is not limited. */
function readQuota(quota: Field, notes: Notes): ReadLimit {
  const amounts: Amounts = {};
  for (const [key, unit] of quotas) {
    const amount = readAmount(quota.at(key), notes);
    if (amount) amounts[unit] = amount;
  }
  return Object.keys(amounts).length === 0 ? none : made(quota, amounts, notes);
}

/** Undefined where there is none: left out, or below 0. Null, and noted, where it is no number. */
export function readAmount(field: Field, notes: Notes): number | null | undefined {
  if (!field.isThere) return undefined;
  const amount = field.whole();
  if (amount === undefined) {
    notes.add(field, `"${field.text() ?? ""}" is no whole number: the limit is left out`);
    return null;
  }
  return amount < 0 ? undefined : amount;
}

function made(source: Field, amounts: Amounts, notes: Notes): ReadLimit {
  const per = readPer(source, notes);
  if (per === undefined) return lost;
  const entry = checkLimit(source, { ...amounts, per }, notes);
  return entry ? { kind: "limit", entry } : lost;
}

/** The limit, or undefined and noted when weir does not take such a one. */
export function checkLimit(source: Field, entry: LimitEntry, notes: Notes): LimitEntry | undefined {
  const { error } = limitSchema.safeParse(entry);
  if (!error) return entry;
  const [issue] = error.issues;
  notes.add(source, `${issue?.path.join(".")} ${issue?.message}: the limit is left out`);
  return undefined;
}
