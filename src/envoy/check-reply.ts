import { status } from "@grpc/grpc-js";
import type { Allowed, Decision, Denied } from "../decision/decision.js";
import { remaining, type Standing } from "../policy/limit.js";
import type { FaultFormat } from "../policy/policy.js";
import type { EpochMs } from "../policy/window.js";
import { faultOf } from "./faults/fault.js";
import { faultBodies, formatHttpDate } from "./faults/format.js";
import { decisionMetadata } from "./metadata.js";
import type { CheckResponseInit } from "./wire/authz.js";
import { HeaderAppendAction, type HeaderValueOptionInit } from "./wire/base.js";

/** Tells Envoy's router which backend the request goes to. Envoy must strip the client's own copy on entry. */
export const ENVIRONMENT_HEADER = "x-weir-environment";

/** A decision in Envoy's words: envoy.service.auth.v3.CheckResponse. */
export function checkReply(decision: Decision, format: FaultFormat, now: EpochMs): CheckResponseInit {
  return decision.kind === "allow" ? okReply(decision, now) : deniedReply(decision, format, now);
}

function okReply(decision: Allowed, now: EpochMs): CheckResponseInit {
  return {
    status: { code: status.OK },
    okResponse: {
      headers: [header(ENVIRONMENT_HEADER, decision.subject.environment)],
      responseHeadersToAdd: decision.binding ? rateLimitHeaders(decision.binding, now) : [],
    },
    dynamicMetadata: decisionMetadata(decision),
  };
}

function deniedReply(decision: Denied, format: FaultFormat, now: EpochMs): CheckResponseInit {
  const { denial } = decision;
  const fault = faultOf(denial);
  const { contentType, body } = faultBodies[format](fault);
  const headers = [header("content-type", contentType)];
  if (fault.nextAccessAt !== null) headers.push(header("retry-after", formatHttpDate(fault.nextAccessAt)));
  if (denial.kind === "limit") headers.push(...rateLimitHeaders(denial.binding, now));
  return {
    // Envoy takes every code but OK for a denial and answers with the HTTP status beside it.
    status: { code: grpcCodes[fault.status] ?? status.PERMISSION_DENIED },
    deniedResponse: { status: { code: fault.status }, headers, body },
    dynamicMetadata: decisionMetadata(decision),
  };
}

const grpcCodes: Readonly<Record<number, number>> = {
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  429: status.RESOURCE_EXHAUSTED,
  503: status.RESOURCE_EXHAUSTED,
};

/** The binding limit, as Envoy's own rate limit filter writes it: the reset in seconds from now. */
function rateLimitHeaders(binding: Standing, now: EpochMs): HeaderValueOptionInit[] {
  return [
    header("x-ratelimit-limit", String(binding.charge.limit.max)),
    header("x-ratelimit-remaining", String(remaining(binding))),
    header("x-ratelimit-reset", String(Math.max(0, Math.ceil((binding.resetAt - now) / 1000)))),
  ];
}

function header(key: string, value: string): HeaderValueOptionInit {
  return { header: { key, value }, appendAction: HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD };
}
