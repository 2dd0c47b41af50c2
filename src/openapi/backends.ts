import type { Notes } from "../document/notes.js";
import type { Server } from "./servers.js";

/** The server that requests go to, and the one for those with keys of the sandbox. */
export interface Environments {
  readonly production: Server;
  readonly sandbox: Server | null;
}

/** Where a backend is taken to be that nobody has told the address of. */
export const LOCAL_BACKEND = "http://127.0.0.1:8080";

const sandbox = /\b(sandbox|staging|test|testing)\b/i;

/** Sorts out the servers of a definition, which does not say of them what they are for but in words. */
export function pickEnvironments(servers: readonly [Server, ...Server[]], notes: Notes): Environments {
  const production = servers.find(({ about }) => !sandbox.test(about)) ?? servers[0];
  const trial = servers.find((server) => server !== production && sandbox.test(server.about)) ?? null;
  for (const server of servers) {
    if (server === production) continue;
    const message =
      server === trial
        ? "is taken for the sandbox, by what it is called: requests with keys of the sandbox go there"
        : `is left out: requests go to ${backendUrl(production, "")}`;
    notes.add(server.at, message);
  }
  for (const { at, origin } of trial ? [production, trial] : [production]) {
    if (origin === null)
      notes.add(at, `names no host: requests go to ${LOCAL_BACKEND}; put the backend's address in its place`);
  }
  return { production, sandbox: trial };
}

/**
 * The `url` by which a backend gets the paths that it knows: without a path the request's own stays, with one it
 * takes the prefix's place.
 */
export function backendUrl({ origin, path }: Server, pathPrefix: string): string {
  return `${origin ?? LOCAL_BACKEND}${path === pathPrefix ? "" : path}`;
}
