import type { Credential, Environment, IdentitySource, KeyPlace, MetadataPath } from "../policy/policy.js";
import { cookie, type HttpRequest, type Json, member, queryParameter } from "../policy/request.js";
import type { Caller } from "../policy/subject.js";
import { hashApiKey } from "./api-key.js";

/** What a request's credentials come to. */
export type Identity =
  | { readonly kind: "anonymous" }
  | { readonly kind: "caller"; readonly caller: Caller; readonly environment: Environment }
  /** Credentials that nobody was given. */
  | { readonly kind: "invalid" }
  /** A proven identity that the policy lists no application for. */
  | { readonly kind: "stranger" };

const anonymous: Identity = { kind: "anonymous" };
const invalid: Identity = { kind: "invalid" };
const stranger: Identity = { kind: "stranger" };

/** Asks the sources in the policy's order. The first whose credential is there decides, be it good or bad. */
export function identify(sources: readonly IdentitySource[], request: HttpRequest): Identity {
  for (const source of sources) {
    const identity = ask(source, request);
    if (identity) return identity;
  }
  return anonymous;
}

function ask(source: IdentitySource, request: HttpRequest): Identity | null {
  switch (source.kind) {
    case "apiKey":
      return byApiKey(source, request);
    case "jwt":
      return byToken(source, request);
    case "mtls":
      return byPrincipal(source, request);
    case "trusted":
      return byTrustedHeaders(source, request);
    default:
      return source satisfies never;
  }
}

type Source<K extends IdentitySource["kind"]> = Extract<IdentitySource, { kind: K }>;

function byApiKey({ place, credentials }: Source<"apiKey">, request: HttpRequest): Identity | null {
  const key = keyAt(place, request);
  if (!key) return null;
  const credential = credentials.get(hashApiKey(key));
  return credential ? known(credential, null, null) : invalid;
}

function keyAt(place: KeyPlace, { headers, path }: HttpRequest): string | null {
  switch (place.in) {
    case "header":
      return headers.get(place.name) ?? null;
    case "query":
      return queryParameter(path, place.name);
    case "cookie":
      return cookie(headers, place.name);
    default:
      return place satisfies never;
  }
}

function byToken({ metadata, claims, credentials }: Source<"jwt">, request: HttpRequest): Identity | null {
  const payload = metadataAt(request, metadata);
  const clientId = text(member(payload, claims.application));
  if (clientId === null) return null;
  const credential = credentials.get(clientId);
  if (!credential) return stranger;
  const user = subject(member(payload, claims.user));
  return known(credential, user, text(member(payload, claims.environment)));
}

/** A value of the metadata that earlier filters wrote. */
export function metadataAt(request: HttpRequest, [namespace, ...path]: MetadataPath): Json | undefined {
  return path.reduce<Json | undefined>(member, request.metadata.get(namespace));
}

function byPrincipal({ credentials }: Source<"mtls">, { peerPrincipal }: HttpRequest): Identity | null {
  if (peerPrincipal === "") return null;
  const credential = credentials.get(peerPrincipal);
  return credential ? known(credential, null, null) : stranger;
}

function byTrustedHeaders(source: Source<"trusted">, request: HttpRequest): Identity | null {
  const value = (name: string | null) => (name && request.headers.get(name)) || null;
  const name = value(source.headers.application);
  if (name === null) return null;
  const application = source.applications.get(name);
  if (!application) return stranger;
  const credential: Credential = { application, environment: "production", user: null };
  return known(credential, value(source.headers.user), value(source.headers.environment));
}

function known(credential: Credential, user: string | null, environment: string | null): Identity {
  const { application } = credential;
  return {
    kind: "caller",
    caller: { application, user: user ?? credential.user ?? application.name },
    environment: environment === null ? credential.environment : parseEnvironment(environment),
  };
}

/** WSO2 writes `keytype` in capitals, and takes a token without it for production. */
function parseEnvironment(value: string): Environment {
  return value.toLowerCase() === "sandbox" ? "sandbox" : "production";
}

/** Issuers write subjects as text, and some as numbers. */
function subject(value: Json | undefined): string | null {
  return typeof value === "number" ? String(value) : text(value);
}

function text(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
