import type { LoadedPolicy } from "../../../config/load.js";
import { AUTHZ_NAMESPACE } from "../../../envoy/metadata.js";
import type { MetadataPath } from "../../../policy/policy.js";
import { lineFields } from "../../access-log.js";
import type { Config } from "../../config.js";
import { AUTHZ_FILTER } from "../../ext-authz.js";
import { countsBytes } from "../../filters.js";
import { tokenIssuersOf } from "../../jwt-authn.js";
import { type KubernetesSettings, type Manifest, manifest } from "../kubernetes.js";
import { ENVOY_GATEWAY, toGateway, WEIR_OBJECT, weirBackend } from "./weir-backend.js";

/** EnvoyProxy: what holds for the whole of an Envoy: the order of filters and access logs. */
export function envoyProxy(loaded: LoadedPolicy, settings: KubernetesSettings): Manifest {
  const verifies = tokenIssuersOf(loaded).length > 0;
  const spec = {
    ...(verifies && {
      "# weir has to know what was verified. Envoy Gateway asks it first.": null,
      filterOrder: [{ name: "envoy.filters.http.jwt_authn", before: AUTHZ_FILTER }],
    }),
    telemetry: {
      accessLog: {
        settings: [
          {
            format: { type: "JSON", json: lineFields() },
            sinks: [{ type: "File", file: { path: "/dev/stdout" } }],
          },
          ...(countsBytes(loaded) ? [byteReports(settings)] : []),
        ],
      },
    },
  };
  const { gateway, namespace } = settings;
  return manifest(
    `${ENVOY_GATEWAY} EnvoyProxy`,
    { name: WEIR_OBJECT, namespace },
    spec,
    `Takes effect when the Gateway ${gateway} names it: spec.infrastructure.parametersRef: { group: gateway.envoyproxy.io, kind: EnvoyProxy, name: ${WEIR_OBJECT} }.`,
  );
}

/** EnvoyPatchPolicy, for what SecurityPolicy has no field for: which metadata ext_authz hands on. */
export function claimsPatch([claims]: MetadataPath, settings: KubernetesSettings): Manifest {
  const { gateway, namespace, listeners } = settings;
  const spec = {
    type: "JSONPatch",
    targetRef: toGateway(settings),
    jsonPatches: listeners.map((listener) => ({
      type: "type.googleapis.com/envoy.config.listener.v3.Listener",
      name: `${namespace}/${gateway}/${listener}`,
      operation: {
        op: "add",
        jsonPath: `..http_filters[?(@.name=~"^${AUTHZ_FILTER}")].typed_config`,
        path: "metadata_context_namespaces",
        value: [claims],
      },
    })),
  };
  return manifest(
    `${ENVOY_GATEWAY} EnvoyPatchPolicy`,
    { name: `${WEIR_OBJECT}-claims`, namespace },
    spec,
    "Hands weir what was verified of a token, on each listener of the Gateway.",
  );
}

/** Envoy Gateway sets no interval, so Envoy tells of bytes within its default of a second. */
function byteReports(settings: KubernetesSettings): Config {
  return {
    "# How many bytes a request and its response had, for limits on `bytes`: of requests whose decision names counters of bytes.":
      null,
    matches: [
      `'${AUTHZ_NAMESPACE}' in metadata.filter_metadata && 'weir' in metadata.filter_metadata['${AUTHZ_NAMESPACE}'] && 'bytes' in metadata.filter_metadata['${AUTHZ_NAMESPACE}']['weir']`,
    ],
    sinks: [{ type: "ALS", als: { type: "HTTP", logName: WEIR_OBJECT, ...weirBackend(settings) } }],
  };
}
