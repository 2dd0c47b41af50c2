import type { LoadedPolicy } from "../config/load.js";
import { formatPath } from "../config/problem.js";
import type { EnvoySettings } from "./settings.js";

/** What the configuration leaves to its reader, one line each. */
export function notesOn({ file }: LoadedPolicy, { listenerTls }: EnvoySettings): string[] {
  return (file.identity ?? []).flatMap((source, i) => {
    const at = (part: string) => formatPath(["identity", i, part]);
    if (source.jwt && source.jwt.issuer === undefined)
      return [
        `${at("jwt")}: has no issuer and jwks, so a filter of your own has to verify tokens before ext_authz`,
      ];
    if (source.mtls && !listenerTls?.clientCaFile)
      return [
        `${at("mtls")}: Envoy asks for no certificates; give --tls-cert, --tls-key and --tls-client-ca`,
      ];
    if (source.trusted)
      return [`${at("trusted")}: nothing sets these headers yet; put the filter that does before ext_authz`];
    return [];
  });
}
