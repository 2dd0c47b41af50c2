import { normalizePath, pathSegments } from "./path.js";

/** What an API answers to. No hosts means every host. */
export interface ApiMatch {
  readonly hosts: readonly string[];
  readonly pathPrefix: string;
}

/** A matched API and how many of the path's segments its prefix took. */
export interface ApiHit<T> {
  readonly api: T;
  readonly depth: number;
}

interface PrefixNode<T> {
  api: T | null;
  readonly children: Map<string, PrefixNode<T>>;
}

const ANY_HOST = "*";

/**
 * Finds the API of a request in time that does not depend on how many APIs there are. Hosts are tried from the
 * most specific to the least (`api.example.com`, `*.example.com`, `*.com`, any), as Envoy picks virtual hosts;
 * among the APIs of a host the longest prefix wins, by whole segments.
 */
export class ApiIndex<T> {
  readonly #byHost = new Map<string, PrefixNode<T>>();
  #hasWildcards = false;

  add(match: ApiMatch, api: T): void {
    for (const host of match.hosts.length > 0 ? match.hosts : [ANY_HOST]) {
      if (host.startsWith("*.")) this.#hasWildcards = true;
      let at = this.#rootOf(host.toLowerCase());
      for (const segment of prefixSegments(match)) at = childOf(at, segment);
      at.api = api;
    }
  }

  find(authority: string, segments: readonly string[]): ApiHit<T> | null {
    const host = hostOf(authority);
    return (
      this.#findAt(host, segments) ??
      (this.#hasWildcards ? this.#findAtWildcards(host, segments) : null) ??
      this.#findAt(ANY_HOST, segments)
    );
  }

  #findAt(host: string, segments: readonly string[]): ApiHit<T> | null {
    const root = this.#byHost.get(host);
    return root ? longestPrefix(root, segments) : null;
  }

  #findAtWildcards(host: string, segments: readonly string[]): ApiHit<T> | null {
    for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
      const hit = this.#findAt(`*${host.slice(dot)}`, segments);
      if (hit) return hit;
    }
    return null;
  }

  #rootOf(host: string): PrefixNode<T> {
    let root = this.#byHost.get(host);
    if (!root) {
      root = { api: null, children: new Map() };
      this.#byHost.set(host, root);
    }
    return root;
  }
}

/** Every host and prefix that the match stands for, spelt so that equal means overlapping. */
export function matchIdentities(match: ApiMatch): string[] {
  const { hosts } = match;
  const prefix = `/${prefixSegments(match).join("/")}`;
  return (hosts.length > 0 ? hosts : [ANY_HOST]).map((host) => `${host.toLowerCase()}${prefix}`);
}

/** Normalized as the paths of requests are: a prefix spelt otherwise would match none. */
export function prefixSegments({ pathPrefix }: Pick<ApiMatch, "pathPrefix">): string[] {
  return pathSegments(normalizePath(pathPrefix));
}

function longestPrefix<T>(root: PrefixNode<T>, segments: readonly string[]): ApiHit<T> | null {
  let hit: ApiHit<T> | null = root.api === null ? null : { api: root.api, depth: 0 };
  let at: PrefixNode<T> | undefined = root;
  for (let depth = 0; depth < segments.length; depth++) {
    at = at.children.get(segments[depth] as string);
    if (!at) break;
    if (at.api !== null) hit = { api: at.api, depth: depth + 1 };
  }
  return hit;
}

/** Longer names do not exist (RFC 1035 section 2.3.4), and trying their every suffix would take too long. */
const MAX_HOST_LENGTH = 253;

/** In lower case, without what may stand around a name: a user, a port even if empty, dots at the end. */
function hostOf(authority: string): string {
  const host = authority.toLowerCase();
  if (host.length > MAX_HOST_LENGTH + ":65535".length) return "";
  if (!/[:@]|\.$/.test(host)) return host;
  return host.replace(/^.*@/, "").replace(/:\d*$/, "").replace(/\.+$/, "");
}

function childOf<T>(at: PrefixNode<T>, segment: string): PrefixNode<T> {
  let child = at.children.get(segment);
  if (!child) {
    child = { api: null, children: new Map() };
    at.children.set(segment, child);
  }
  return child;
}
