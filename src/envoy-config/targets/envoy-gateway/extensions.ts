import type { LoadedPolicy } from "../../../config/load.js";
import { AUTHZ_NAMESPACE } from "../../../envoy/metadata.js";
import { ADMISSION_NAMESPACE } from "../../../envoy/reservation.js";
import type { Config } from "../../config.js";
import { MAX_REQUESTS_PER_CONNECTION } from "../../weir-clusters.js";
import { type KubernetesSettings, type Manifest, manifest } from "../kubernetes.js";
import { ENVOY_GATEWAY, weirBackend } from "./weir-backend.js";

/** The label by which routes say what weir has to read of them: {@link aiLabels}. */
const AI_LABEL = "weir-ai";

/** What the routes of an AI API are marked with. */
export function aiLabels(readsRequest: boolean): Record<string, string> {
  return { [AI_LABEL]: readsRequest ? "admission" : "metering" };
}

/**
 * EnvoyExtensionPolicy: ext_proc twice on routes whose requests weir reads, once on those of which only responses
 * matter. Envoy Gateway runs the entries of a list in its order, behind ext_authz.
 */
export function aiExtensions({ policy }: LoadedPolicy, settings: KubernetesSettings): Manifest[] {
  const apis = [...policy.apisByRef.values()].flatMap(({ ai }) => ai ?? []);
  return [true, false].flatMap((readsRequest) => {
    if (!apis.some((ai) => ai.readsRequest === readsRequest)) return [];
    const matchLabels = aiLabels(readsRequest);
    const name = `weir-${matchLabels[AI_LABEL]}`;
    const spec = {
      targetSelectors: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", matchLabels }],
      extProc: [...(readsRequest ? [admission(settings)] : []), metering(settings)],
    };
    const about = readsRequest
      ? "Reads what requests ask models for, and what responses say they used: of routes with this label."
      : "Reads what responses say they used: of routes with this label.";
    return [
      manifest(`${ENVOY_GATEWAY} EnvoyExtensionPolicy`, { name, namespace: settings.namespace }, spec, about),
    ];
  });
}

function admission(settings: KubernetesSettings): Config {
  return {
    ...weirAi(settings),
    "# A weir that fails between its decision and this lets the request pass; it is charged afterwards.":
      null,
    failOpen: true,
    "# For each answer. weir answers within its store's deadline.": null,
    messageTimeout: "1s",
    processingMode: {
      request: {},
      "# weir asks for the body, the headers of the response or the response itself where it needs them.":
        null,
      allowModeOverride: true,
    },
    metadata: {
      accessibleNamespaces: [AUTHZ_NAMESPACE, ADMISSION_NAMESPACE],
      writableNamespaces: [ADMISSION_NAMESPACE],
    },
  };
}

function metering(settings: KubernetesSettings): Config {
  return {
    ...weirAi(settings),
    "# Envoy sends a copy of the response and waits for nothing.": null,
    shadowMode: true,
    "# A weir that dies must not cut a client's stream in the middle.": null,
    failOpen: true,
    processingMode: {
      "# With it, weir knows of requests whose clients do not wait for a response.": null,
      request: {},
      response: {
        body: "Streamed",
        "# How long the request's body was, which a chunked one does not say beforehand.": null,
        attributes: ["request.size"],
      },
    },
    metadata: { accessibleNamespaces: [AUTHZ_NAMESPACE, ADMISSION_NAMESPACE] },
  };
}

function weirAi(settings: KubernetesSettings): Config {
  return weirBackend(settings, {
    breaker: { maxRequestsPerConnection: MAX_REQUESTS_PER_CONNECTION },
    about: [
      "Envoy ends each call to ext_proc with a reset. Node takes a thousand within seconds for an attack (CVE-2023-44487) and closes the connection with all that is under way: another has to be opened in time.",
    ],
  });
}
