import { resolve } from "node:path";
import { loadPolicy } from "../app.js";
import type { LoadedPolicy } from "../config/load.js";
import { staticBootstrap } from "../envoy-config/bootstrap.js";
import { notesOn } from "../envoy-config/notes.js";
import { type Part, parts } from "../envoy-config/parts.js";
import { publishBootstrap, publishResources } from "../envoy-config/publish.js";
import { dynamicBootstrap, resourcesOf } from "../envoy-config/resources.js";
import type { EnvoySettings } from "../envoy-config/settings.js";
import { targets } from "../envoy-config/targets/targets.js";
import { writeYaml } from "../envoy-config/yaml.js";
import { WeirError } from "../errors.js";
import { type Command, policyArgument, readOptions } from "./command.js";
import { followInFiles, TAKE_UP_MS } from "./envoy-follow.js";
import { envoyFlags, readSettings } from "./envoy-settings.js";
import { printTarget, refuseTargetFlags, targetFlags } from "./envoy-target.js";

export const envoy: Command = {
  summary: "make Envoy's configuration of a policy",
  help: `Usage: weir envoy POLICY [flags]

Prints a whole bootstrap for Envoy: listener, routes, clusters of the backends that the policy
names, and weir beside them. Paths in flags are as Envoy sees them.

  POLICY  the policy file (WEIR_POLICY)
  --part NAME            only ${Object.keys(parts).join(", ")}: for an Envoy of your own
  --out DIR              write files that a running Envoy takes up whenever they change; envoy.yaml is the first
  --watch                with --out: go on, and write them anew when the policy changes
  --listen ADDRESS       where clients come in (default ${envoyFlags.listen.default})
  --admin ADDRESS        Envoy's admin port (default ${envoyFlags.admin.default})
  --tls-cert FILE, --tls-key FILE, --tls-client-ca FILE
                         TLS for clients; the CA of their certificates where the policy identifies by them
  --weir ADDRESS         where weir is: host:port or unix:/path, once for each node (default ${envoyFlags.weir.default})
  --weir-ca FILE         TLS to weir, and who vouches for it
  --weir-cert FILE, --weir-key FILE
                         what Envoy shows to a weir that asks for certificates
  --weir-name NAME       the name in weir's certificate (default: the host of --weir)
  --backend-ca FILE      who vouches for backends with https (default ${envoyFlags["backend-ca"].default})
  --target NAME          not for an Envoy of your own, but objects for ${Object.keys(targets).join(" or ")}:
    --namespace NAME     where routes and services are (default ${targetFlags.namespace.default})
    --gateway NAME       the Gateway that clients come in by (default ${targetFlags.gateway.default})
    --service NAME:PORT  weir's Service, NAME.NAMESPACE:PORT elsewhere (default ${targetFlags.service.default})
    --listener NAME      Envoy Gateway: the Gateway's listeners, for claims of tokens (default ${targetFlags.listener.default})
    --selector KEY=VALUE, --gateway-namespace NAME
                         Istio: which pods the gateway is (default ${targetFlags.selector.default} in ${targetFlags["gateway-namespace"].default})`,

  async run(args, terminal) {
    const { positionals, values } = readOptions(args, {
      ...envoyFlags,
      ...targetFlags,
      part: { type: "string" },
      out: { type: "string" },
      watch: { type: "boolean", default: false },
    });
    const file = policyArgument(positionals, terminal.env);
    if (values.target !== undefined) {
      await printTarget(values.target, values, file, terminal);
      return 0;
    }
    refuseTargetFlags(values);
    const settings = readSettings(values);
    const { part, out, watch } = values;
    if (part !== undefined && out !== undefined)
      throw new WeirError("USAGE", "--part and --out exclude each other");
    if (watch && out === undefined) throw new WeirError("USAGE", "--watch takes --out beside it");
    const loaded = await loadPolicy(file);
    for (const warning of loaded.warnings) terminal.err(`warning: ${warning}\n`);
    for (const note of notesOn(loaded, settings)) terminal.err(`note: ${note}\n`);
    if (out === undefined) {
      terminal.out(
        part === undefined ? whole(loaded, settings, file) : piece(partOf(part), loaded, settings),
      );
      return 0;
    }
    const folder = resolve(out);
    await publishResources(
      folder,
      resourcesOf(loaded, settings, folder),
      TAKE_UP_MS,
      watch ? "all" : "in use",
    );
    await publishBootstrap(folder, dynamicBootstrap(settings, folder));
    if (watch) await followInFiles(file, loaded, settings, folder, terminal);
    return 0;
  },
};

function whole(loaded: LoadedPolicy, settings: EnvoySettings, file: string): string {
  return writeYaml(
    staticBootstrap(loaded, settings),
    `Made by \`weir envoy ${file}\`; see there before you change it here.`,
  );
}

function piece({ head, make }: Part, loaded: LoadedPolicy, settings: EnvoySettings): string {
  return writeYaml(make(loaded, settings), head);
}

function partOf(name: string): Part {
  if (Object.hasOwn(parts, name)) return parts[name as keyof typeof parts];
  throw new WeirError("USAGE", `--part must be one of ${Object.keys(parts).join(", ")}, not "${name}"`);
}
