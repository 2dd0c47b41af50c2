import type { CounterStore, Outcome } from "../counters/store.js";
import { type Identity, identify, metadataAt } from "../identity/identify.js";
import { clientIp } from "../policy/client-ip.js";
import { findDenyRule } from "../policy/deny-rule.js";
import { type Charge, hasRoom, type Standing } from "../policy/limit.js";
import { isDisguised, locate } from "../policy/locate.js";
import type { Policy } from "../policy/policy.js";
import type { HttpRequest } from "../policy/request.js";
import { byteCharges, selectCharges, usageCharges } from "../policy/select.js";
import type { Subject } from "../policy/subject.js";
import { judge } from "../policy/verdict.js";
import type { EpochMs } from "../policy/window.js";
import type { Decision, Deferred, Denial } from "./decision.js";

const nothingToCount: Outcome = { kind: "counted", admitted: true, standings: [] };

/**
 * Decides on one request and, if it may pass, charges it. A request that is refused for what it is (blocked,
 * not authenticated, not subscribed) never reaches the counters. Where it matters what a request asks a model for, it is
 * charged as a request here, and {@link admit} has the last word.
 */
export async function decide(
  policy: Policy,
  store: CounterStore,
  request: HttpRequest,
  now: EpochMs,
): Promise<Decision> {
  const identity = identify(policy.identity, request);
  const subject = describe(policy, request, identity);
  const refusal = refuse(policy, subject, identity);
  if (refusal && !policy.shadow) return { kind: "deny", subject, denial: refusal };

  const matching = selectCharges(policy, subject);
  // Whether a model is asked for, and which, is known only to those who read the request.
  const charges = matching.filter(({ limit }) => limit.model === null);
  const outcome = charges.length > 0 ? await store.charge(charges, now) : nothingToCount;
  const unavailable =
    outcome.kind === "uncounted" && !outcome.admitted ? ({ kind: "countersUnavailable" } as const) : null;
  if (unavailable && !policy.shadow) return { kind: "deny", subject, denial: unavailable };
  const standings = outcome.kind === "counted" ? outcome.standings : [];
  const verdict = judge(standings);
  if (verdict.kind === "deny") {
    return { kind: "deny", subject, denial: { kind: "limit", binding: verdict.binding, standings } };
  }
  const watched = verdict.wouldDeny && ({ kind: "limit", binding: verdict.wouldDeny, standings } as const);
  return {
    kind: "allow",
    subject,
    binding: verdict.binding,
    standings,
    wouldDeny: refusal ?? unavailable ?? watched,
    deferred: subject.api?.ai?.readsRequest ? deferredOf(matching, standings) : null,
    usage: subject.api?.ai ? usageCharges(verdict.wouldDeny ? withRoom(matching, standings) : matching) : [],
    bytes: byteCharges(charges),
  };
}

/** Without those of limits that only watch and are full: they count nothing, as if they had denied. */
function withRoom(charges: readonly Charge[], standings: readonly Standing[]): Charge[] {
  const full = new Set(
    standings.filter(({ charge, used }) => !hasRoom(charge, used)).map(({ charge }) => charge),
  );
  return charges.filter((charge) => !full.has(charge));
}

function deferredOf(matching: readonly Charge[], standings: readonly Standing[]): Deferred {
  const isRequest = ({ limit }: Charge) => limit.unit === "requests";
  return {
    charged: standings.filter(({ charge, used }) => isRequest(charge) && hasRoom(charge, used)),
    ofModels: matching.filter((charge) => isRequest(charge) && charge.limit.model !== null),
  };
}

function describe(policy: Policy, request: HttpRequest, identity: Identity): Subject {
  return {
    ...locate(policy, request),
    caller: identity.kind === "caller" ? identity.caller : null,
    environment: identity.kind === "caller" ? identity.environment : "production",
    clientIp: clientIp(request, policy.trustedProxies),
    claims: policy.claims ? metadataAt(request, policy.claims) : undefined,
    request,
  };
}

function refuse(policy: Policy, subject: Subject, identity: Identity): Denial | null {
  const { api, caller, environment } = subject;
  if (findDenyRule(policy.denyRules, subject)) return { kind: "blocked" };
  if (identity.kind === "invalid") return { kind: "credentialsInvalid" };
  if (isDisguised(policy, subject.request)) return { kind: "unmatched" };
  if (api === null) return policy.unmatched === "deny" ? { kind: "unmatched" } : null;
  if (identity.kind === "stranger") return { kind: "notSubscribed" };
  if (caller === null && policy.anonymous === "deny") return { kind: "credentialsMissing" };
  if (caller && !caller.application.subscriptions.has(api.ref)) return { kind: "notSubscribed" };
  if (api.backends && !api.backends[environment]) return { kind: "environmentNotServed", environment };
  return null;
}
