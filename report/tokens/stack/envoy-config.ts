import { dump, load } from "js-yaml";

/** As far as it is edited. */
interface Config {
  readonly static_resources: {
    readonly listeners: readonly {
      readonly filter_chains: readonly { readonly filters: readonly { readonly typed_config: Manager }[] }[];
    }[];
  };
}

interface Manager {
  http_filters: Filter[];
  readonly route_config: object;
}

interface Filter {
  readonly name: string;
  readonly typed_config: { message_timeout?: string; readonly grpc_service?: { timeout?: string } };
}

const AUTHORIZATION = "envoy.filters.http.ext_authz";
const ADMISSION = "weir.admission";
const METERING = "weir.metering";

/** Longer than anything here takes: a busy machine is no reason to let a request pass unread, or to refuse it. */
const PATIENCE = "10s";

/** Envoy's configuration, with time for weir to answer. */
export function patient(yaml: string): string {
  return edited(yaml, ({ http_filters }) => {
    for (const { name, typed_config } of http_filters) {
      if (name === AUTHORIZATION && typed_config.grpc_service) typed_config.grpc_service.timeout = PATIENCE;
      if (name === ADMISSION) typed_config.message_timeout = PATIENCE;
    }
  });
}

/** The same listener, routes and clusters, and nothing that asks weir. */
export function withoutWeir(yaml: string): string {
  return edited(yaml, (manager) => remove(manager, [AUTHORIZATION, ADMISSION, METERING]));
}

/** Requests are decided, and responses are nobody's to look at. */
export function withoutMetering(yaml: string): string {
  return edited(yaml, (manager) => remove(manager, [ADMISSION, METERING]));
}

/** What `admission: charge-after` needs and no more: requests are decided by their headers, responses are metered. */
export function withoutAdmission(yaml: string): string {
  return edited(yaml, (manager) => remove(manager, [ADMISSION]));
}

function edited(yaml: string, edit: (manager: Manager) => void): string {
  const config = load(yaml) as Config;
  const manager = config.static_resources.listeners[0]?.filter_chains[0]?.filters[0]?.typed_config;
  if (!manager) throw new Error("Envoy's configuration has no listener to edit");
  edit(manager);
  return dump(config, { lineWidth: -1, noRefs: true });
}

function remove(manager: Manager, names: readonly string[]): void {
  manager.http_filters = manager.http_filters.filter(({ name }) => !names.includes(name));
  for (const overrides of overridesIn(manager.route_config)) for (const name of names) delete overrides[name];
}

/** What routes say of single filters, wherever they stand in the tree. */
export function overridesIn(config: unknown): Record<string, unknown>[] {
  if (typeof config !== "object" || config === null) return [];
  return Object.entries(config).flatMap(([key, value]) =>
    key === "typed_per_filter_config" ? [value] : overridesIn(value),
  );
}
