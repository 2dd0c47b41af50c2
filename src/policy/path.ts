/**
 * A request path in the one spelling that it is matched by: without query, dot segments resolved, slashes merged,
 * `;parameters` of segments left out, and percent-encoding undone where that leaves the segments as they are (not
 * for slashes, `%25`, `%3F` and `%23`). Envoy's `normalize_path` and `merge_slashes` do a part of it; this goes as far as
 * backends do, so that a spelling which they accept cannot evade a limit. Costs nothing for a plain path.
 */
export function normalizePath(raw: string): string {
  const end = raw.search(/[?#]/);
  const path = end < 0 ? raw : raw.slice(0, end);
  return /[%;\\]|\/[./]|[^!-~]/.test(path) ? rewrite(path) : path;
}

function rewrite(path: string): string {
  const decoded = path.replace(/%([0-9a-f]{2})?|[^!-~\p{Cs}]+/giu, (encoded, hex?: string) => {
    if (hex === undefined) return encodeURIComponent(encoded);
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[!-~]/.test(character) && !/[/\\%?#]/.test(character) ? character : encoded.toUpperCase();
  });
  const segments: string[] = [];
  for (const segment of decoded.replaceAll("\\", "/").split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(withoutParameters(segment));
  }
  const tail = /\/\.{0,2}$/.test(decoded) && segments.length > 0 ? "/" : "";
  return `/${segments.join("/")}${tail}`;
}

/** `items;version=1` is `items` to the backends that know such parameters; `..;` and `;` stay what they are. */
function withoutParameters(segment: string): string {
  const name = segment.slice(0, segment.indexOf(";"));
  return segment.includes(";") && !/^\.{0,2}$/.test(name) ? name : segment;
}

/** The parts between the slashes. A slash at the end makes no difference: `/a/` and `/a` are the same. */
export function pathSegments(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "");
}
