import { hashApiKey } from "../../src/identity/api-key.js";

/** A credential of a policy file: the hash of `key`, and what else is said of it. */
export function credential(key: string, more = ""): string {
  return `{ apiKey: "sha256:${hashApiKey(key)}"${more} }`;
}
