import type { LoadedPolicy } from "../../../config/load.js";
import type { Config } from "../../config.js";
import { type TokenIssuer, tokenIssuersOf } from "../../jwt-authn.js";
import { requestHeadersOf } from "../../request-headers.js";
import { type KubernetesSettings, type Manifest, manifest } from "../kubernetes.js";
import { ENVOY_GATEWAY, toGateway, WEIR_OBJECT, weirBackend } from "./weir-backend.js";

/** SecurityPolicy: verifies tokens, and asks weir about every request. */
export function securityPolicy(loaded: LoadedPolicy, settings: KubernetesSettings): Manifest {
  const isOpen = loaded.file.onUnavailable === "allow";
  const issuers = tokenIssuersOf(loaded);
  const about =
    "Asks weir about every request of the Gateway. A SecurityPolicy of a route or listener takes its place there, unless it says mergeType: StrategicMerge.";
  const spec = {
    targetRefs: [toGateway(settings)],
    extAuth: {
      grpc: weirBackend(settings),
      timeout: "250ms",
      [isOpen
        ? "# onUnavailable: allow. Without weir everything passes, unlimited."
        : "# onUnavailable: deny. Without weir nothing passes."]: null,
      failOpen: isOpen,
      statusOnError: 503,
      "# The route was picked before weir named the environment: pick it again.": null,
      recomputeRoute: true,
      "# Only what the policy reads; decoding headers is most of what a decision costs.": null,
      headersToExtAuth: requestHeadersOf(loaded).read,
    },
    ...(issuers.length > 0 && {
      jwt: {
        "# What is not proven is anonymous, or proven in another way: what becomes of it is the policy's to say.":
          null,
        failOpen: true,
        "# A provider's name is where weir looks for the claims.": null,
        providers: providers(loaded, issuers),
      },
    }),
  };
  const metadata = { name: WEIR_OBJECT, namespace: settings.namespace };
  return manifest(`${ENVOY_GATEWAY} SecurityPolicy`, metadata, spec, about);
}

/** The name of the ConfigMap with the keys of the identity source at `index`. */
export function jwksConfigMap(index: number): string {
  return `weir-jwks-${index + 1}`;
}

/** Envoy Gateway keeps a payload under its provider's name; the policy has no two sources that look in one place. */
function providers(loaded: LoadedPolicy, issuers: readonly TokenIssuer[]): Config[] {
  const indexes = (loaded.file.identity ?? []).flatMap(({ jwt }, i) =>
    jwt?.issuer === undefined ? [] : [i],
  );
  return issuers.map(({ issuer, audiences, keys: from, payloadKey }, i) => ({
    name: payloadKey,
    issuer,
    ...(audiences.length > 0 && { audiences: [...audiences] }),
    ...(from.kind === "remote"
      ? { remoteJWKS: { uri: from.url, cacheDuration: "300s" } }
      : { localJWKS: { type: "ValueRef", valueRef: configMap(jwksConfigMap(indexes[i] ?? i)) } }),
  }));
}

function configMap(name: string): Config {
  return { group: "", kind: "ConfigMap", name };
}
