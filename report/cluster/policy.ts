import { createHash } from "node:crypto";
import { combined, scaled, singleLimits, WARM_API } from "./workload.js";

/** What the policy file says of the store. */
export type StoreEntry = Readonly<Record<string, unknown>>;

/** A number that no run comes near to. */
export const NEVER_REACHED = 1_000_000_000;

/** The policy file (JSON is YAML) of {@link workloadOf}'s limits. */
export function exactnessPolicy(windowMs: number, scale: number, store: StoreEntry): string {
  const per = `${windowMs / 1000} seconds`;
  const limit = (max: number) => ({ requests: scaled(max, windowMs, scale), per });
  const api = (name: string, limits: readonly object[]) => ({
    name,
    version: "v1",
    match: { pathPrefix: `/${name}/v1` },
    limits,
  });
  const singles = singleLimits.map(({ api: name, kind, max }) =>
    api(name, [{ ...limit(max), ...(kind === "sliding" ? { window: kind } : {}) }]),
  );
  const applications = [...new Set(combined.callers.map(({ application }) => application))].map((name) => ({
    name,
    limits: [limit(combined.applicationMax)],
    subscriptions: { [`${combined.api}/v1`]: "Shared" },
    credentials: combined.callers
      .filter(({ application }) => application === name)
      .map(({ user, apiKey }) => ({ apiKey: hashed(apiKey), user })),
  }));
  return JSON.stringify({
    version: 1,
    tiers: { Shared: { limits: [limit(combined.subscriptionMax)] } },
    apis: [
      ...singles,
      api(combined.api, [limit(combined.apiMax)]),
      api(WARM_API, [{ requests: NEVER_REACHED, per }]),
    ],
    applications,
    identity: [{ apiKey: { header: "x-api-key" } }],
    store,
  });
}

export function hashed(apiKey: string): string {
  return `sha256:${createHash("sha256").update(apiKey).digest("hex")}`;
}
