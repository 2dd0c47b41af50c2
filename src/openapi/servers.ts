import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";

/** An address that a definition says its API is served at. */
export interface Server {
  readonly at: Field;
  /** Scheme, host and port; null where only a path is told. */
  readonly origin: string | null;
  /** `/v1`, without a slash at its end; `/` where there is none. */
  readonly path: string;
  /** What may tell which environment it is of: its description, name and host. */
  readonly about: string;
}

/** The servers of a definition, in its order and at least one; what is none that weir could send to is noted. */
export function readServers(document: Field, notes: Notes): [Server, ...Server[]] {
  const [server, ...more] = document.at("swagger").isThere
    ? hostOf(document, notes)
    : document
        .at("servers")
        .items()
        .flatMap((server) => serverOf(server, notes));
  const nowhere = { at: document.at("servers"), origin: null, path: "/", about: "" };
  return [server ?? nowhere, ...more];
}

/** `host`, `basePath` and `schemes` of OpenAPI 2.0. */
function hostOf(document: Field, notes: Notes): Server[] {
  const at = document.at("host");
  const host = at.text();
  const path = `/${document.at("basePath").text() ?? ""}`.replace(/^\/+/, "/");
  if (host === undefined) return read(path, at, "", notes);
  const schemes = document.at("schemes");
  const known = schemes.items().map((scheme) => scheme.text()?.toLowerCase());
  const scheme = ["https", "http"].find((name) => known.includes(name));
  if (scheme === undefined) notes.add(schemes, "tells neither http nor https: http is taken");
  return read(`${scheme ?? "http"}://${host}${path}`, at, "", notes);
}

/** A Server Object of OpenAPI 3, its variables filled with their defaults. */
function serverOf(server: Field, notes: Notes): Server[] {
  const at = server.at("url");
  let url = at.text() ?? "/";
  for (const [name, variable] of server.at("variables").entries()) {
    const fallback = variable.at("default").text() ?? variable.at("enum").items()[0]?.text() ?? "";
    url = url.replaceAll(`{${name}}`, () => fallback);
  }
  const about = [server.at("description").text(), server.at("name").text()].join(" ");
  return read(url, at, about, notes);
}

/** What relative URLs are resolved by; none of it is kept. */
const NOWHERE = "http://localhost";

function read(url: string, at: Field, about: string, notes: Notes): Server[] {
  const parsed = /[{}]/.test(url) || !URL.canParse(url, NOWHERE) ? null : new URL(url, NOWHERE);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    notes.add(at, `"${url}" is no address of HTTP: it is left out`);
    return [];
  }
  const { origin, hostname, pathname } = parsed;
  const path = pathname.replace(/\/+$/, "") || "/";
  if (!URL.canParse(url) && !url.startsWith("//")) return [{ at, origin: null, path, about }];
  return [{ at, origin, path, about: `${about} ${hostname}` }];
}
