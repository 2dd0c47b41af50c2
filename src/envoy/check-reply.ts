import { status as grpc } from "@grpc/grpc-js";
import type { Allowed, Decision, Denied } from "../decision/decision.js";
import type { FaultOverride, Policy } from "../policy/policy.js";
import type { EpochMs } from "../policy/window.js";
import { type Fault, faultOf } from "./faults/fault.js";
import { dialects, type FaultBody } from "./faults/format.js";
import { isGrpc, negotiate } from "./faults/negotiate.js";
import { secondsUntil } from "./faults/time.js";
import { type LimitHeaders, limitHeaders } from "./limit-headers.js";
import { decisionMetadata } from "./metadata.js";
import type { CheckResponseInit } from "./wire/authz.js";
import { HeaderAppendAction, type HeaderValueOptionInit } from "./wire/base.js";

/** Tells Envoy's router which backend the request goes to. Envoy must strip the client's own copy on entry. */
export const ENVIRONMENT_HEADER = "x-weir-environment";

/** A decision in Envoy's words: envoy.service.auth.v3.CheckResponse. */
export function checkReply(decision: Decision, policy: Policy, now: EpochMs): CheckResponseInit {
  return decision.kind === "allow" ? okReply(decision, policy, now) : deniedReply(decision, policy, now);
}

function okReply(decision: Allowed, { headers }: Policy, now: EpochMs): CheckResponseInit {
  const { subject, binding, standings } = decision;
  const isAi = Boolean(subject.api?.ai);
  return {
    status: { code: grpc.OK },
    okResponse: {
      headers: [header(ENVIRONMENT_HEADER, subject.environment)],
      responseHeadersToAdd: limitHeaders(headers, binding, standings, isAi, now).map(([k, v]) =>
        header(k, v),
      ),
    },
    dynamicMetadata: decisionMetadata(decision),
  };
}

function deniedReply(decision: Denied, policy: Policy, now: EpochMs): CheckResponseInit {
  const { denial, subject } = decision;
  const { api, request } = subject;
  const fault = faultOf(denial, policy.faults);
  const dialect = dialects[api?.faults?.format ?? policy.faults.format];
  const written = overridden(
    dialect.write(fault, negotiate(request.headers), now),
    fault,
    api?.faults ?? null,
    now,
  );
  const retryAfter = dialect.retryAfter(fault, now);
  const limits: LimitHeaders =
    denial.kind === "limit"
      ? limitHeaders(policy.headers, denial.binding, denial.standings, Boolean(api?.ai), now)
      : [];
  const grpcStatus = grpcCodes[fault.status] ?? grpc.PERMISSION_DENIED;
  const all: LimitHeaders = [
    ["content-type", written.contentType],
    ...Object.entries(written.headers ?? {}),
    ...(retryAfter === null ? [] : [["retry-after", retryAfter] as const]),
    ...limits,
    // Envoy would tell a gRPC client UNAVAILABLE for 429, and so to try again at once.
    ...(isGrpc(request.headers) ? [["grpc-status", String(grpcStatus)] as const] : []),
    ...Object.entries(api?.faults?.headers ?? {}),
  ];
  const throttledStatus = denial.kind === "limit" ? api?.faults?.status : null;
  return {
    // Envoy takes every code but OK for a denial and answers with the HTTP status beside it.
    status: { code: grpcStatus },
    deniedResponse: {
      status: { code: throttledStatus ?? fault.status },
      headers: all.map(([key, value]) => header(key, value)),
      body: written.body,
    },
    dynamicMetadata: decisionMetadata(decision),
  };
}

function overridden(written: FaultBody, fault: Fault, own: FaultOverride | null, now: EpochMs): FaultBody {
  if (!own?.body) return written;
  const values: Readonly<Record<string, string>> = {
    code: String(fault.code),
    message: fault.message,
    description: fault.description,
    retryAfterSeconds: fault.resetAt === null ? "" : String(secondsUntil(fault.resetAt, now)),
  };
  const fill = (_: string, name: string) => values[name] ?? "";
  const body = own.body.template.replaceAll(/\{(code|message|description|retryAfterSeconds)\}/g, fill);
  return { ...written, contentType: own.body.contentType, body };
}

const grpcCodes: Readonly<Record<number, number>> = {
  401: grpc.UNAUTHENTICATED,
  403: grpc.PERMISSION_DENIED,
  404: grpc.NOT_FOUND,
  429: grpc.RESOURCE_EXHAUSTED,
  503: grpc.RESOURCE_EXHAUSTED,
};

function header(key: string, value: string): HeaderValueOptionInit {
  return { header: { key, value }, appendAction: HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD };
}
