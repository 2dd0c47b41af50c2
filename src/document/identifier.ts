import { identifier } from "../config/schema/text.js";

/** The text as a policy can refer to it: what no identifier has becomes a dash. Null where nothing is left of it. */
export function toIdentifier(text: string): string | null {
  if (identifier.safeParse(text).success) return text;
  const words = text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .split(/[^A-Za-z0-9._~-]+/)
    .map((word) => word.replace(/^-+|-+$/g, ""))
    .filter((word) => word !== "");
  const name = words.join("-").replace(/^[^A-Za-z0-9]+/, "");
  return identifier.safeParse(name).success ? name : null;
}
