import { hash } from "node:crypto";

/**
 * Lower-case hex SHA-256 of a key. Keys are looked up by it, so neither the policy nor the time that a lookup
 * takes gives anything of a key away. Unsalted on purpose: API keys are long and random, unlike passwords.
 */
export function hashApiKey(key: string): string {
  return hash("sha256", key, "hex");
}

/** Stands in examples and drafts where a hash is to come. */
export const API_KEY_PLACEHOLDER = "sha256:…";

/** How the policy file writes a key: `sha256:` and the 64 hex digits of its hash. No flag: JSON Schema has none. */
export const apiKeyHashPattern = /^sha256:([0-9a-fA-F]{64}|…)$/;
