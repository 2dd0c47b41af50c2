/**
 * A request path as it is matched: without query, dot segments resolved, slashes merged, percent-encoded
 * unreserved characters decoded (RFC 3986 section 6.2.2) and what no URL holds as it is encoded. Envoy does the same with `normalize_path` and
 * `merge_slashes`; repeating it here means that a spelling which the backend accepts cannot evade a limit where
 * those are off. Costs nothing for a path that is already plain.
 */
export function normalizePath(raw: string): string {
  const end = raw.search(/[?#]/);
  const path = end < 0 ? raw : raw.slice(0, end);
  return /%|\/[./]|\\|[^!-~]/.test(path) ? rewrite(path) : path;
}

function rewrite(path: string): string {
  const decoded = path.replace(/%([0-9a-f]{2})?|[^!-~\p{Cs}]+/giu, (encoded, hex?: string) => {
    if (hex === undefined) return encodeURIComponent(encoded);
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : encoded.toUpperCase();
  });
  const segments: string[] = [];
  for (const segment of decoded.replaceAll("\\", "/").split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  const tail = /\/\.{0,2}$/.test(decoded) && segments.length > 0 ? "/" : "";
  return `/${segments.join("/")}${tail}`;
}

/** The parts between the slashes. A slash at the end makes no difference: `/a/` and `/a` are the same. */
export function pathSegments(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "");
}
