import { type sendUnaryData, status } from "@grpc/grpc-js";
import { decide } from "../decision/decide.js";
import type { Decision } from "../decision/decision.js";
import type { Gate } from "../decision/gate.js";
import type { Logger } from "../telemetry/logger.js";
import type { Metrics } from "../telemetry/metrics.js";
import { checkReply } from "./check-reply.js";
import { logDenial } from "./log-denial.js";
import { readCheckRequest } from "./request.js";
import type { CheckRequest, CheckResponseInit } from "./wire/authz.js";
import type { AuthorizationHandlers } from "./wire/services.js";

/**
 * envoy.service.auth.v3.Authorization. What goes wrong here ends the call with a gRPC error, which Envoy handles
 * as the filter's `failure_mode_allow` and `status_on_error` say; a denial is no error.
 */
export function createAuthorization(gate: Gate, metrics: Metrics, log: Logger): AuthorizationHandlers {
  return {
    check(call, respond) {
      answer(gate, metrics, log, call.request, respond).catch((error: unknown) => {
        metrics.callFailed("Check");
        log.error({ err: error }, "check failed");
        respond({ code: status.INTERNAL, details: "weir failed to decide; its log says why" });
      });
    },
  };
}

async function answer(
  gate: Gate,
  metrics: Metrics,
  log: Logger,
  message: CheckRequest,
  respond: sendUnaryData<CheckResponseInit>,
): Promise<void> {
  const started = performance.now();
  const request = readCheckRequest(message);
  if (!request) {
    metrics.callFailed("Check");
    return respond({
      code: status.INVALID_ARGUMENT,
      details: "attributes.request.http has no method or path",
    });
  }
  const { policy } = gate;
  const now = gate.now();
  const decision = await decide(policy, gate.store, request, now);
  metrics.took((performance.now() - started) / 1000);
  // What is deferred is decided, and told, when ext_proc has read the request.
  if (decision.kind === "deny" || !decision.deferred) {
    metrics.decided(decision.subject.api?.ref ?? "", decision);
  }
  if (log.isLevelEnabled("debug")) report(decision, log);
  respond(null, checkReply(decision, policy, now));
}

function report(decision: Decision, log: Logger): void {
  const denial = decision.kind === "deny" ? decision.denial : decision.wouldDeny;
  if (!denial) return;
  const { api, caller, environment } = decision.subject;
  const about = { api: api?.ref, application: caller?.application.name, environment };
  logDenial(log, denial, about, decision.kind === "deny");
}
