import type { EpochMs } from "../../policy/window.js";
import type { Fault } from "./fault.js";
import type { FaultBody, Representation } from "./format.js";
import { secondsUntil } from "./time.js";

/** How the makers of models answer when they throttle: their SDKs tell from it whether and when to try again. */

type Kind = "unauthenticated" | "forbidden" | "notFound" | "throttled" | "unavailable";

function kindOf({ status }: Fault): Kind {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "forbidden";
  if (status === 404) return "notFound";
  return status === 503 ? "unavailable" : "throttled";
}

export function openai(fault: Fault): FaultBody {
  const kind = kindOf(fault);
  const isThrottled = kind === "throttled" || kind === "unavailable";
  const counted = fault.unit === "requests" || fault.unit === "bytes" ? "requests" : "tokens";
  const types: Record<Kind, string> = {
    unauthenticated: "invalid_request_error",
    forbidden: "invalid_request_error",
    notFound: "invalid_request_error",
    throttled: counted,
    unavailable: counted,
  };
  const codes: Record<Kind, string> = {
    unauthenticated: "invalid_api_key",
    forbidden: "permission_denied",
    notFound: "not_found",
    throttled: "rate_limit_exceeded",
    unavailable: "rate_limit_exceeded",
  };
  const error = { message: text(fault), type: types[kind], param: null, code: codes[kind] };
  return isThrottled && fault.status === 503
    ? { ...json({ error }), headers: { "x-should-retry": "true" } }
    : json({ error });
}

export function anthropic(fault: Fault): FaultBody {
  const types: Record<Kind, string> = {
    unauthenticated: "authentication_error",
    forbidden: "permission_error",
    notFound: "not_found_error",
    throttled: "rate_limit_error",
    unavailable: "overloaded_error",
  };
  return json({ type: "error", error: { type: types[kindOf(fault)], message: text(fault) } });
}

export function gemini(fault: Fault, _representation: Representation, now: EpochMs): FaultBody {
  const statuses: Record<Kind, string> = {
    unauthenticated: "UNAUTHENTICATED",
    forbidden: "PERMISSION_DENIED",
    notFound: "NOT_FOUND",
    throttled: "RESOURCE_EXHAUSTED",
    unavailable: "UNAVAILABLE",
  };
  const retryInfo = "type.googleapis.com/google.rpc.RetryInfo";
  const details =
    fault.resetAt === null
      ? {}
      : { details: [{ "@type": retryInfo, retryDelay: `${secondsUntil(fault.resetAt, now)}s` }] };
  const error = { code: fault.status, message: text(fault), status: statuses[kindOf(fault)], ...details };
  return json({ error });
}

export function bedrock(fault: Fault): FaultBody {
  const types: Record<Kind, string> = {
    unauthenticated: "UnrecognizedClientException",
    forbidden: "AccessDeniedException",
    notFound: "ResourceNotFoundException",
    throttled: "ThrottlingException",
    unavailable: "ServiceUnavailableException",
  };
  return { ...json({ message: text(fault) }), headers: { "x-amzn-errortype": types[kindOf(fault)] } };
}

function text({ message, description }: Fault): string {
  return `${message}: ${description}`;
}

function json(value: unknown): FaultBody {
  return { contentType: "application/json", body: JSON.stringify(value) };
}
