/** What a path has in one spelling only: Envoy undoes its encoding (RFC 3986 section 2.3, `normalize_path`). */
const unreserved = /[A-Za-z0-9\-._~]/;

/** `%C3`, or a character. */
const unit = /%[0-9A-F]{2}|./gs;

/**
 * A regular expression (RE2) of a normalized path in all spellings that backends take for it and Envoy leaves apart:
 * `/users/@me` is `/users/%40me` too.
 */
export function spellingsOf(path: string): string {
  return path.replace(unit, (part) => {
    if (part === "/" || (unreserved.test(part) && part.length === 1)) return literal(part);
    if (part.length > 1) return `(?i:${part})`;
    const hex = part.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
    return `(?:${literal(part)}|(?i:%${hex}))`;
  });
}

/** How much of a normalized path, from its beginning, has one spelling only. */
export function plainStartOf(path: string): string {
  return /^[A-Za-z0-9\-._~/]*/.exec(path)?.[0] ?? "";
}

/** The text as RE2 matches it, and nothing else. */
export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
