import { status as grpc } from "@grpc/grpc-js";
import type { Allowed, Decision, Denied } from "../decision/decision.js";
import type { Policy } from "../policy/policy.js";
import type { EpochMs } from "../policy/window.js";
import { denialReply } from "./denial-reply.js";
import { limitHeaders } from "./limit-headers.js";
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
  const { subject, binding, standings, deferred } = decision;
  // Where the decision is left to ext_proc, it knows better what is left, and this filter would have the last word.
  const told = deferred ? [] : limitHeaders(headers, binding, standings, Boolean(subject.api?.ai), now);
  return {
    status: { code: grpc.OK },
    okResponse: {
      headers: [header(ENVIRONMENT_HEADER, subject.environment)],
      responseHeadersToAdd: told.map(([key, value]) => header(key, value)),
    },
    dynamicMetadata: decisionMetadata(decision),
  };
}

function deniedReply(decision: Denied, policy: Policy, now: EpochMs): CheckResponseInit {
  const { denial, subject } = decision;
  const reply = denialReply(denial, subject.api, subject.request.headers, policy, now);
  return {
    // Envoy takes every code but OK for a denial and answers with the HTTP status beside it.
    status: { code: reply.grpcStatus },
    deniedResponse: {
      status: { code: reply.httpStatus },
      headers: reply.headers.map(([key, value]) => header(key, value)),
      body: reply.body,
    },
    dynamicMetadata: decisionMetadata(decision),
  };
}

function header(key: string, value: string): HeaderValueOptionInit {
  return { header: { key, value }, appendAction: HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD };
}
