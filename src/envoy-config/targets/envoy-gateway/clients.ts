import type { LoadedPolicy } from "../../../config/load.js";
import { requestHeadersOf } from "../../request-headers.js";
import { type KubernetesSettings, type Manifest, manifest } from "../kubernetes.js";
import { ENVOY_GATEWAY, toGateway, WEIR_OBJECT } from "./weir-backend.js";

/** ClientTrafficPolicy: what becomes of a request before weir is asked. */
export function clientTraffic(loaded: LoadedPolicy, settings: KubernetesSettings): Manifest {
  const { read, stripped } = requestHeadersOf(loaded);
  const spec = {
    targetRefs: [toGateway(settings)],
    headers: {
      "# Headers that only the gateway may set are dropped before any filter or route can see them.": null,
      earlyRequestHeaders: { remove: [...stripped] },
      ...(read.some((name) => name.includes("_")) && {
        "# The policy reads such a header; Envoy Gateway refuses requests that have one.": null,
        withUnderscoresAction: "Allow",
      }),
    },
    "# One spelling for one path: what weir matches is what the backend sees.": null,
    path: { disableMergeSlashes: false, escapedSlashesAction: "RejectRequest" },
    "# A request that never comes to its end would hold a stream to weir for good.": null,
    timeout: { http: { requestReceivedTimeout: "300s" } },
    "# How much of a body Envoy holds for weir to read. What weir takes in one message is 64 MiB; a larger buffer than that would let requests pass unread.":
      null,
    connection: { bufferLimit: "1Mi" },
    http2: { initialStreamWindowSize: "1Mi" },
  };
  const metadata = { name: WEIR_OBJECT, namespace: settings.namespace };
  return manifest(
    `${ENVOY_GATEWAY} ClientTrafficPolicy`,
    metadata,
    spec,
    "There is one for a Gateway: if yours has one, move these fields there.",
  );
}
