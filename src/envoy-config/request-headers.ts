import type { LoadedPolicy } from "../config/load.js";
import { ENVIRONMENT_HEADER } from "../envoy/check-reply.js";
import { headersOfTemplate } from "../policy/key-template.js";

/** The headers of requests that a policy is about, in lower case. */
export interface RequestHeaders {
  /** What weir reads, so what Envoy has to send: decoding headers is most of what a decision costs. */
  readonly read: readonly string[];
  /** What only the gateway may set, so what clients must not. */
  readonly stripped: readonly string[];
}

/** What ext_authz sets on requests that it lets pass without an answer (`failure_mode_allow_header_add`). */
const UNDECIDED_HEADER = "x-envoy-auth-failure-mode-allowed";

/** How a client wants to read a fault: XML or JSON, SOAP 1.1 or gRPC. */
const ofFaults = ["accept", "content-type", "soapaction"];

export function requestHeadersOf({ file }: LoadedPolicy): RequestHeaders {
  const sources = file.identity ?? [];
  const keys = sources.flatMap(({ apiKey }) => [apiKey?.header, apiKey?.cookie && "cookie"]);
  const trusted = sources.flatMap(({ trusted }) => [
    trusted?.application,
    trusted?.user,
    trusted?.environment,
  ]);
  const conditions = Object.values(file.tiers ?? {}).flatMap(({ groups = [] }) =>
    groups.flatMap(({ when }) => when.map(({ header }) => header)),
  );
  const counted = (file.custom ?? []).flatMap(({ key }) => headersOfTemplate(key));
  const forwarded = file.trustedProxies ? ["x-forwarded-for"] : [];
  return {
    read: names([...keys, ...trusted, ...conditions, ...counted, ...forwarded, ...ofFaults]),
    stripped: names([
      ENVIRONMENT_HEADER,
      ...trusted,
      ...(file.onUnavailable === "allow" ? [UNDECIDED_HEADER] : []),
    ]),
  };
}

function names(headers: readonly (string | undefined)[]): string[] {
  return [...new Set(headers.flatMap((name) => (name ? [name.toLowerCase()] : [])))];
}
