import type { Denial } from "../../decision/decision.js";
import type { Level, Unit } from "../../policy/limit.js";
import type { FaultOptions } from "../../policy/policy.js";
import type { EpochMs } from "../../policy/window.js";

/** What a denied client is told, before a format puts it on the wire. */
export interface Fault {
  readonly status: number;
  /** WSO2 API Manager's error code, by which its users recognise the case. */
  readonly code: number;
  readonly message: string;
  readonly description: string;
  /** What the limit that denied counts; null when no limit did. */
  readonly unit: Unit | null;
  /** When the limit that denied has room again; null when no limit did. */
  readonly resetAt: EpochMs | null;
  /** The same, where WSO2 tells it: a backend maximum says nothing about this client's next request. */
  readonly nextAccessAt: EpochMs | null;
}

interface Row {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly description: string;
}

const throttled = (code: number): Row => ({
  status: 429,
  code,
  message: "Message throttled out",
  description: "You have exceeded your quota",
});

/** The codes of WSO2's `APIThrottleConstants`, by the level that denies. */
const byLevel: Readonly<Record<Level, Row>> = {
  gateway: throttled(900800),
  api: throttled(900800),
  resource: throttled(900802),
  subscription: throttled(900804),
  subscriptionBurst: throttled(900807),
  application: throttled(900803),
  // WSO2 has no published number for it; clients that know 900803 handle it right.
  applicationBurst: {
    ...throttled(900803),
    description: "You have exceeded your application burst limit quota",
  },
  custom: throttled(900806),
  backend: {
    status: 503,
    code: 900801,
    message: "API Limit Reached",
    description: "API not accepting requests",
  },
};

/** Refusals that no limit is behind: mostly WSO2's `APISecurityConstants`. */
const byRefusal: Readonly<Record<Exclude<Denial["kind"], "limit">, Row>> = {
  // WSO2's code for what went wrong on the gateway's own side.
  countersUnavailable: {
    status: 503,
    code: 900967,
    message: "General Error",
    description: "The limits of this API cannot be checked at the moment",
  },
  modelUnknown: {
    status: 403,
    code: 900908,
    message: "Resource forbidden",
    description: "The model that is asked for is not among those that this gateway serves",
  },
  blocked: {
    status: 403,
    code: 900805,
    message: "Message blocked",
    description: "You have been blocked from accessing the resource",
  },
  unmatched: {
    status: 404,
    code: 900906,
    message: "No matching resource found in the API for the given request",
    description: "Check the API documentation and add a proper REST resource path to the invocation URL",
  },
  credentialsMissing: {
    status: 401,
    code: 900902,
    message: "Missing Credentials",
    description: "Make sure your API invocation call has a credential",
  },
  credentialsInvalid: {
    status: 401,
    code: 900901,
    message: "Invalid Credentials",
    description: "Make sure you have provided the correct security credentials",
  },
  notSubscribed: {
    status: 403,
    code: 900908,
    message: "Resource forbidden",
    description: "User is NOT authorized to access the Resource. API Subscription validation failed.",
  },
  environmentNotServed: {
    status: 401,
    code: 900901,
    message: "Invalid Credentials",
    description: "Key offered to an API with no endpoint for the key's environment",
  },
};

export function faultOf(denial: Denial, { backendStatus }: FaultOptions): Fault {
  if (denial.kind !== "limit")
    return { ...byRefusal[denial.kind], unit: null, resetAt: null, nextAccessAt: null };
  const { charge, resetAt } = denial.binding;
  const { level, unit } = charge.limit;
  const row = byLevel[level];
  if (level !== "backend") return { ...row, unit, resetAt, nextAccessAt: resetAt };
  return { ...row, status: backendStatus, unit, resetAt, nextAccessAt: null };
}
