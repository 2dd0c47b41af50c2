/** How an API for a model may be admitted and metered, by what the policy file says of it. */
export const modes = {
  chargeAfter: { provider: "openai" },
  /** Asks the model server for the usage of streams, since that is the default where tokens are reserved. */
  reserve: { provider: "openai", admission: "reserve" },
  /** Takes the chunk with the usage out again: the only mode in which a response passes through weir. */
  hide: { provider: "openai", admission: "reserve", includeUsage: "hide" },
} as const;

export type Mode = keyof typeof modes;
export const modeNames = Object.keys(modes) as Mode[];

/** A number of tokens that nothing here comes near to. */
export const NEVER_REACHED = 1_000_000_000;

/** Names that weir's policy and the client's requests have in common. */
export const hostOf = (api: string) => `${api.toLowerCase()}.example.com`;

/** An entry under `apis`: one path, told apart by the host. */
export function apiEntry(name: string, ai: object, limits: readonly object[] = []): object {
  const match = { hosts: [hostOf(name)], pathPrefix: "/chat/v1" };
  return { name, version: "v1", match, ai, ...(limits.length > 0 ? { limits } : {}) };
}
