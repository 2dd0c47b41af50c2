import type { HeaderMap, HeaderValue } from "./wire/base.js";

/** A header's value as text. Envoy puts it into `rawValue` in ext_proc and under `encode_raw_headers`. */
export function headerText({ value, rawValue }: HeaderValue): string {
  return rawValue.length > 0 ? Buffer.from(rawValue).toString("utf8") : value;
}

/** The value of the first header of that name. */
export function findHeader(headers: HeaderMap | undefined, name: string): string | undefined {
  const found = headers?.headers.find(({ key }) => key === name);
  return found && headerText(found);
}

/** All headers by name; the values of a repeated one are joined with commas. */
export function joinedHeaders({ headers }: HeaderMap): ReadonlyMap<string, string> {
  const joined = new Map<string, string>();
  for (const header of headers) {
    const before = joined.get(header.key);
    const text = headerText(header);
    joined.set(header.key, before === undefined ? text : `${before},${text}`);
  }
  return joined;
}
