import type { FaultFormat } from "../../policy/policy.js";
import type { EpochMs } from "../../policy/window.js";
import type { Fault } from "./fault.js";
import { descriptionOf, markup } from "./markup.js";
import { anthropic, bedrock, gemini, openai } from "./providers.js";
import { formatHttpDate, formatNextAccess, secondsUntil } from "./time.js";

/** How the client wants to read it: see `negotiate`. */
export type Representation = "json" | "xml" | "soap11" | "soap12";

/** A fault as bytes on the wire. */
export interface FaultBody {
  readonly contentType: string;
  readonly body: string;
  /** By lower-case name. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A product's way of writing faults. */
interface Dialect {
  write(fault: Fault, representation: Representation, now: EpochMs): FaultBody;
  /** The value of Retry-After, or null where the product sends none. */
  retryAfter(fault: Fault, now: EpochMs): string | null;
}

/** WSO2 writes Retry-After as a date, and only where it tells when to come back. */
const wso2 = (toJson: (fault: Fault) => unknown): Dialect => ({
  write: (fault, representation) =>
    representation === "json" ? json(toJson(fault)) : markup(representation, fault),
  retryAfter: ({ nextAccessAt }) => (nextAccessAt === null ? null : formatHttpDate(nextAccessAt)),
});

/** Clients that are no WSO2 clients are told the seconds, whatever limit denied. */
const seconds = (write: Dialect["write"]): Dialect => ({
  write,
  retryAfter: ({ resetAt }, now) => (resetAt === null ? null : String(secondsUntil(resetAt, now))),
});

export const dialects: Readonly<Record<FaultFormat, Dialect>> = {
  /** WSO2 API Manager before 4.0: wrapped, the code a number. */
  "wso2-3": wso2((fault) => ({ fault: { code: fault.code, ...texts(fault) } })),
  /** WSO2 API Manager 4.0 and later (`_throttle_out_handler_`): flat, the code a string. */
  "wso2-4": wso2((fault) => ({ code: String(fault.code), ...texts(fault) })),
  /** Choreo Connect (`JsonDeniedResponse`). */
  "choreo-connect": wso2((fault) => ({
    code: String(fault.code),
    error_message: fault.message,
    error_description: descriptionOf(fault),
  })),
  /** RFC 9457. */
  "problem+json": seconds((fault, _representation, now) => ({
    contentType: "application/problem+json",
    body: JSON.stringify({
      type: `urn:weir:fault:${fault.code}`,
      title: fault.message,
      status: fault.status,
      detail: fault.description,
      code: fault.code,
      ...(fault.resetAt === null ? {} : { retryAfterSeconds: secondsUntil(fault.resetAt, now) }),
    }),
  })),
  openai: seconds(openai),
  anthropic: seconds(anthropic),
  gemini: seconds(gemini),
  bedrock: seconds(bedrock),
};

function texts(fault: Fault) {
  const { message, nextAccessAt } = fault;
  const next = nextAccessAt === null ? {} : { nextAccessTime: formatNextAccess(nextAccessAt) };
  return { message, description: descriptionOf(fault), ...next };
}

function json(value: unknown): FaultBody {
  return { contentType: "application/json", body: JSON.stringify(value) };
}
