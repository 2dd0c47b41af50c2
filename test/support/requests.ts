import type { HttpRequest, Json } from "../../src/policy/request.js";

interface RequestParts extends Partial<Omit<HttpRequest, "headers" | "metadata">> {
  readonly headers?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, Json>>;
}

/** A GET of `/` from 203.0.113.7, as far as nothing else is given. */
export function requestOf({ headers = {}, metadata = {}, ...parts }: RequestParts = {}): HttpRequest {
  return {
    method: "GET",
    host: "api.example.com",
    path: "/",
    headers: new Map(Object.entries(headers)),
    peerAddress: "203.0.113.7",
    peerPrincipal: "",
    route: { api: null, resource: null },
    metadata: new Map(Object.entries(metadata)),
    ...parts,
  };
}
