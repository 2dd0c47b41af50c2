import type { LoadedPolicy } from "../../config/load.js";
import { formatPath } from "../../config/problem.js";
import { routingOf } from "../routing.js";
import { weirFilter } from "./istio/filter.js";
import { outsideBackends } from "./istio/outside.js";
import { virtualServices } from "./istio/routes.js";
import type { Target } from "./kubernetes.js";

/** Istio's gateways, by an EnvoyFilter and VirtualServices. */
export const istio: Target = {
  make(loaded, settings) {
    const routing = routingOf(loaded);
    return [
      weirFilter(loaded, routing, settings),
      ...virtualServices(routing, settings),
      ...outsideBackends(routing, settings),
    ];
  },

  notes({ file }: LoadedPolicy) {
    return (file.identity ?? []).flatMap(({ jwt, mtls, trusted }, i) => {
      const at = (...parts: string[]) => formatPath(["identity", i, ...parts]);
      if (jwt && jwt.issuer === undefined)
        return [`${at("jwt")}: has no issuer and jwks, so a RequestAuthentication has to verify tokens`];
      if (jwt?.jwks?.file !== undefined)
        return [`${at("jwt", "jwks", "file")}: ${jwt.jwks.file} has to be in the gateway's pods`];
      if (mtls)
        return [
          `${at("mtls")}: the Gateway's servers have to ask for certificates: tls.mode MUTUAL or OPTIONAL_MUTUAL`,
        ];
      if (trusted)
        return [
          `${at("trusted")}: nothing sets these headers yet; put the filter that does before ext_authz`,
        ];
      return [];
    });
  },
};
