/** A limit that the load comes up against, and what tells it from others. */
export interface LimitSpec {
  readonly name: string;
  readonly kind: "fixed" | "sliding";
  readonly maxRequests: number;
  readonly windowMs: number;
}

/** Requests of one kind: the same path and caller, and so the same limits. */
export interface Lane {
  readonly name: string;
  readonly api: string;
  readonly apiKey: string | null;
  readonly requestsPerSecond: number;
  /** By name: a request is admitted by all of them or charged to none. */
  readonly limits: readonly string[];
}

export interface Workload {
  readonly windowMs: number;
  readonly limits: readonly LimitSpec[];
  readonly lanes: readonly Lane[];
}

/** Every limit gets so many times the requests that it admits. */
const OVERLOAD = 3;
/** What the numbers below are per. */
const BASE_WINDOW_MS = 10_000;

/** APIs that are bound by one limit each: small ones are strict in every mode, large ones are drawn in slices. */
export const singleLimits = [
  { api: "five-thousand", kind: "fixed", max: 5000 },
  { api: "thousand", kind: "fixed", max: 1000 },
  { api: "hundred", kind: "fixed", max: 100 },
  { api: "twenty", kind: "fixed", max: 20 },
  { api: "sliding", kind: "sliding", max: 2000 },
] as const;

/**
 * One API whose requests match three limits at once. All three come to deny in each window: first ann's application
 * limit, then mobile's subscription with what bob adds, and last the API's, with what is left to eve.
 */
export const combined = {
  api: "combined",
  apiMax: 350,
  subscriptionMax: 250,
  applicationMax: 150,
  callers: [
    { user: "ann", application: "mobile", apiKey: "report-key-ann-58c1f09b", share: 60 / 105 },
    { user: "bob", application: "mobile", apiKey: "report-key-bob-a4d7263e", share: 30 / 105 },
    { user: "eve", application: "web", apiKey: "report-key-eve-0f9b61d2", share: 15 / 105 },
  ],
} as const;

/** The numbers for windows of another length and a part of the load: per second they stay what they are. */
export function scaled(max: number, windowMs: number, scale: number): number {
  return Math.max(1, Math.round((max * scale * windowMs) / BASE_WINDOW_MS));
}

/** What is sent, at a multiple of what may pass, and the limits that decide what does. */
export function workloadOf(windowMs: number, scale = 1): Workload {
  const limits: LimitSpec[] = [];
  const lanes: Lane[] = [];
  const limit = (name: string, max: number, kind: LimitSpec["kind"] = "fixed") => {
    if (limits.some((known) => known.name === name)) return name;
    limits.push({ name, kind, maxRequests: scaled(max, windowMs, scale), windowMs });
    return name;
  };
  const perSecond = (max: number) => (OVERLOAD * scaled(max, windowMs, scale) * 1000) / windowMs;
  for (const { api, kind, max } of singleLimits) {
    const requestsPerSecond = perSecond(max);
    lanes.push({ name: api, api, apiKey: null, requestsPerSecond, limits: [limit(api, max, kind)] });
  }
  const { api, apiMax, subscriptionMax, applicationMax, callers } = combined;
  for (const { user, application, apiKey, share } of callers) {
    lanes.push({
      name: `${api}, ${user}`,
      api,
      apiKey,
      requestsPerSecond: perSecond(apiMax) * share,
      limits: [
        limit(`${api}: API`, apiMax),
        limit(`${api}: subscription of ${application}`, subscriptionMax),
        limit(`${api}: application of ${user}`, applicationMax),
      ],
    });
  }
  return { windowMs, limits, lanes };
}

/** An API without a limit that is ever reached, for what comes before the measuring. */
export const WARM_API = "warm";
