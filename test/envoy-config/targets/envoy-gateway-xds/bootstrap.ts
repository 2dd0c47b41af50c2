import assert from "node:assert/strict";
import type { KubernetesObject } from "../crd.js";
import { only } from "../print.js";
import { weirCluster } from "./clusters.js";
import { type Backend, extAuthz, extProc, inOrder, jwtAuthn, patch, type Weir } from "./filters.js";
import { virtualHosts } from "./routes.js";
import { address, bytes, extension, type } from "./shapes.js";

/** What Envoy Gateway would find around weir's objects. */
export interface Surroundings {
  readonly admin: object;
  /** Where weir's Service leads, on loopback. */
  readonly weirPort: number;
  /** What the ConfigMap of an issuer holds. */
  readonly jwks: string;
  /** In place of /dev/stdout. */
  readonly accessLog: string;
}

/**
 * Envoy's bootstrap as Envoy Gateway 1.9.1 makes it of the objects that weir prints, with one listener, on a free port,
 * and what it would send by xDS in one piece. From its source: of internal/xds/translator `listener.go` (connection
 * manager), `httpfilters.go` (order), `extauth.go`, `extproc.go`, `jwt.go`, `route.go`, `accesslog.go`, `jsonpatch.go`,
 * and of internal/gatewayapi `sort.go`. Its own translator (`egctl experimental translate`) made the same filters.
 */
export function envoyGatewayXds(objects: readonly KubernetesObject[], surroundings: Surroundings): object {
  const clients = only(objects, "ClientTrafficPolicy").spec;
  const security = only(objects, "SecurityPolicy");
  const extensions = objects.filter(({ kind }) => kind === "EnvoyExtensionPolicy");
  const proxy = only(objects, "EnvoyProxy").spec;
  const clusters = new Map<string, object>();
  const weir = (name: string, { backendRefs, backendSettings }: Backend) => {
    assert.deepEqual(backendRefs, [{ name: "weir", port: 9191 }]);
    clusters.set(name, weirCluster(name, backendSettings, surroundings.weirPort));
    return { envoy_grpc: { cluster_name: name, authority: "weir.default:9191" } };
  };
  const filters = [
    extAuthz(security, weir),
    ...jwtAuthn(security, surroundings.jwks),
    ...extensions.flatMap((policy) => extProc(policy, weir)),
  ];
  const ordered = inOrder(filters, proxy.filterOrder ?? []);
  for (const { spec } of objects.filter(({ kind }) => kind === "EnvoyPatchPolicy")) patch(ordered, spec);
  const manager = {
    stat_prefix: "http-8080",
    use_remote_address: true,
    normalize_path: true,
    merge_slashes: clients.path.disableMergeSlashes !== true,
    path_with_escaped_slashes_action: { RejectRequest: "REJECT_REQUEST" }[
      clients.path.escapedSlashesAction as "RejectRequest"
    ],
    request_timeout: clients.timeout.http.requestReceivedTimeout,
    common_http_protocol_options: { headers_with_underscores_action: "REJECT_REQUEST" },
    http2_protocol_options: { initial_stream_window_size: bytes(clients.http2.initialStreamWindowSize) },
    early_header_mutation_extensions: [
      extension("envoy.http.early_header_mutation.header_mutation", {
        "@type": type("extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"),
        mutations: clients.headers.earlyRequestHeaders.remove.map((remove: string) => ({ remove })),
      }),
    ],
    access_log: proxy.telemetry.accessLog.settings.map((setting: LogSetting) =>
      accessLog(setting, surroundings, weir),
    ),
    http_filters: [
      ...ordered,
      extension("envoy.filters.http.router", { "@type": type("extensions.filters.http.router.v3.Router") }),
    ],
    route_config: {
      name: "default/gateway/http",
      ignore_port_in_host_matching: true,
      virtual_hosts: virtualHosts(objects, security, clusters),
    },
  };
  const listener = {
    name: "default/gateway/http",
    address: address("127.0.0.1", 0),
    per_connection_buffer_limit_bytes: bytes(clients.connection.bufferLimit),
    filter_chains: [
      {
        filters: [
          extension("envoy.filters.network.http_connection_manager", {
            "@type": type("extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
            ...manager,
          }),
        ],
      },
    ],
  };
  return {
    admin: surroundings.admin,
    static_resources: { listeners: [listener], clusters: [...clusters.values()] },
  };
}

interface LogSetting {
  readonly format?: { readonly json: object };
  readonly matches?: readonly string[];
  readonly sinks: readonly [{ readonly als?: Backend & { logName: string } }];
}

function accessLog({ format, matches, sinks: [sink] }: LogSetting, { accessLog }: Surroundings, weir: Weir) {
  if (!sink.als) {
    return extension("envoy.access_loggers.file", {
      "@type": type("extensions.access_loggers.file.v3.FileAccessLog"),
      path: accessLog,
      log_format: { json_format: format?.json },
    });
  }
  const [expression] = matches ?? [];
  return {
    ...extension("envoy.access_loggers.http_grpc", {
      "@type": type("extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig"),
      common_config: {
        log_name: sink.als.logName,
        transport_api_version: "V3",
        grpc_service: weir("accesslog_als_1_0", sink.als),
      },
    }),
    filter: {
      extension_filter: extension("envoy.access_loggers.extension_filters.cel", {
        "@type": type("extensions.access_loggers.filters.cel.v3.ExpressionFilter"),
        expression,
      }),
    },
  };
}
