import { apiKeyOf } from "../../bench/policy.js";
import { hashed, NEVER_REACHED, type StoreEntry } from "./policy.js";

/** Of one application, each with a counter of its own. */
export const USERS = 10;

export const LIMITS_PER_REQUEST = 4;

const WINDOW_SECONDS = 10;

/**
 * A policy file in which every request of the bench matches four limits: the gateway's, the API's, the subscription's
 * and, by user, the application's. All admit everything, unless the API is to admit so many a second.
 */
export function fourLimitsPolicy(store: StoreEntry, apiPerSecond?: number): string {
  const limit = (requests: number) => ({ requests, per: `${WINDOW_SECONDS} seconds` });
  const apiMax = apiPerSecond === undefined ? NEVER_REACHED : Math.round(apiPerSecond * WINDOW_SECONDS);
  return JSON.stringify({
    version: 1,
    gateway: { limits: [limit(NEVER_REACHED)] },
    tiers: { Gold: { limits: [limit(NEVER_REACHED)] } },
    apis: [{ name: "all", version: "v1", match: { pathPrefix: "/" }, limits: [limit(apiMax)] }],
    applications: [
      {
        name: "shop",
        limits: [limit(NEVER_REACHED)],
        subscriptions: { "all/v1": "Gold" },
        credentials: Array.from({ length: USERS }, (_, user) => ({
          apiKey: hashed(apiKeyOf(user)),
          user: `user-${user + 1}`,
        })),
      },
    ],
    identity: [{ apiKey: { header: "x-api-key" } }],
    store,
  });
}
