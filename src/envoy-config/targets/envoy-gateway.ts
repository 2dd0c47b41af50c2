import type { LoadedPolicy } from "../../config/load.js";
import { formatPath } from "../../config/problem.js";
import { countsBytes } from "../filters.js";
import { tokenIssuersOf } from "../jwt-authn.js";
import { routingOf } from "../routing.js";
import { clientTraffic } from "./envoy-gateway/clients.js";
import { aiExtensions } from "./envoy-gateway/extensions.js";
import { referenceGrants } from "./envoy-gateway/grants.js";
import { claimsPatch, envoyProxy } from "./envoy-gateway/proxy.js";
import { gatewayRoutes } from "./envoy-gateway/routes.js";
import { jwksConfigMap, securityPolicy } from "./envoy-gateway/security.js";
import type { KubernetesSettings, Target } from "./kubernetes.js";

/** Envoy Gateway 1.9, by its policies and the Gateway API's routes. */
export const envoyGateway: Target = {
  make(loaded, settings) {
    const routing = routingOf(loaded);
    return [
      securityPolicy(loaded, settings),
      clientTraffic(loaded, settings),
      ...aiExtensions(loaded, settings),
      envoyProxy(loaded, settings),
      ...(loaded.policy.claims ? [claimsPatch(loaded.policy.claims, settings)] : []),
      ...gatewayRoutes(routing, settings),
      ...referenceGrants(routing, settings),
    ];
  },

  notes(loaded, settings) {
    const hasBackends = gatewayRoutes(routingOf(loaded), settings).some(
      ({ object }) => object["kind"] === "Backend",
    );
    return [
      ...proxyNotes(loaded, settings),
      ...(loaded.policy.claims
        ? [
            "weir gets the claims of tokens by the EnvoyPatchPolicy: Envoy Gateway takes it with extensionApis.enableEnvoyPatchPolicy in its own configuration",
          ]
        : []),
      ...(hasBackends
        ? [
            "some backends are no plain Services but Backends: Envoy Gateway takes them with extensionApis.enableBackend in its own configuration",
          ]
        : []),
      ...identityNotes(loaded, settings),
    ];
  },
};

/** What has no effect without the EnvoyProxy. */
function proxyNotes(loaded: LoadedPolicy, { gateway }: KubernetesSettings): string[] {
  const needs = [
    ...(tokenIssuersOf(loaded).length > 0 ? ["tokens"] : []),
    ...(countsBytes(loaded) ? ["limits on bytes"] : []),
  ];
  if (needs.length === 0) return [];
  return [
    `${needs.join(" and ")} need the EnvoyProxy: name it in the Gateway ${gateway}, as the comment there says`,
  ];
}

function identityNotes({ file }: LoadedPolicy, { namespace }: KubernetesSettings): string[] {
  return (file.identity ?? []).flatMap(({ jwt, mtls, trusted }, i) => {
    const at = (...parts: string[]) => formatPath(["identity", i, ...parts]);
    if (jwt && jwt.issuer === undefined)
      return [
        `${at("jwt")}: has no issuer and jwks, so something of your own has to verify tokens before weir`,
      ];
    if (jwt?.jwks?.file !== undefined)
      return [
        `${at("jwt", "jwks", "file")}: kubectl create configmap ${jwksConfigMap(i)} -n ${namespace} --from-file=jwks=${jwt.jwks.file}`,
      ];
    if (mtls)
      return [
        `${at("mtls")}: Envoy asks for no certificates; add tls.clientValidation to the ClientTrafficPolicy`,
      ];
    if (trusted)
      return [`${at("trusted")}: nothing sets these headers yet; put the filter that does before ext_authz`];
    return [];
  });
}
