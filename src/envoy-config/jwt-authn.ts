import type { LoadedPolicy } from "../config/load.js";
import { DEFAULT_CLAIMS } from "../config/schema/application.js";
import { type Config, typed } from "./config.js";
import { type Destination, destinationOf } from "./upstream.js";

/** Whose tokens Envoy has to verify, and how. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly keys:
    | { readonly kind: "remote"; readonly url: string; readonly destination: Destination }
    | { readonly kind: "file"; readonly file: string };
  /** Where weir looks for the payload, below jwt_authn's namespace. */
  readonly payloadKey: string;
}

/** Sources without an issuer leave it to another filter to verify tokens. */
export function tokenIssuersOf({ file }: LoadedPolicy): TokenIssuer[] {
  return (file.identity ?? []).flatMap(({ jwt }): TokenIssuer[] => {
    if (jwt?.issuer === undefined || !jwt.jwks) return [];
    const { issuer, audiences = [], jwks, metadata } = jwt;
    const [, payloadKey = DEFAULT_CLAIMS[1]] = metadata ?? DEFAULT_CLAIMS;
    const { url, file: path = "" } = jwks;
    const keys =
      url === undefined
        ? ({ kind: "file", file: path } as const)
        : ({ kind: "remote", url, destination: destinationOf({ url }) } as const);
    return [{ issuer, audiences, keys, payloadKey }];
  });
}

/** envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication. */
export function jwtAuthn(issuers: readonly TokenIssuer[]): Config {
  const names = issuers.map((_, i) => `issuer-${i + 1}`);
  return {
    name: "envoy.filters.http.jwt_authn",
    typed_config: typed("envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication", {
      providers: Object.fromEntries(issuers.map((issuer, i) => [names[i], provider(issuer)])),
      rules: [
        {
          match: { prefix: "/" },
          "# What is not proven is anonymous, or proven in another way: what becomes of it is the policy's to say.":
            null,
          requires: {
            requires_any: {
              requirements: [
                ...names.map((provider_name) => ({ provider_name })),
                { allow_missing_or_failed: {} },
              ],
            },
          },
        },
      ],
    }),
  };
}

function provider({ issuer, audiences, keys, payloadKey }: TokenIssuer): Config {
  return {
    issuer,
    ...(audiences.length > 0 && { audiences: [...audiences] }),
    ...(keys.kind === "file" ? { local_jwks: { filename: keys.file } } : remoteKeys(keys)),
    payload_in_metadata: payloadKey,
    "# The backend gets the token too.": null,
    forward: true,
  };
}

function remoteKeys({ url, destination }: Extract<TokenIssuer["keys"], { kind: "remote" }>): Config {
  return {
    remote_jwks: {
      http_uri: { uri: url, cluster: destination.upstream.cluster, timeout: "5s" },
      cache_duration: "300s",
      "# Before the first token comes, and again before they are out of date; nobody waits for it.": null,
      async_fetch: { fast_listener: true },
    },
  };
}
