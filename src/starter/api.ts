import type { ApiDraft } from "../openapi/api.js";
import type { ResourceDraft } from "../openapi/resources.js";
import { inline, prose, quoted } from "./text.js";

/** An entry under `apis`, with the places for its limits. */
export function writeApi({ title, name, version, pathPrefix, production, ...rest }: ApiDraft): string {
  const { sandbox, resources } = rest;
  return `  # ${prose(title)}
  - name: ${inline(name)}
    version: ${inline(version)}
    match: ${inline({ pathPrefix })}
    #limits: [{ requests: 500, per: second }] # all callers of the API together
    backends: # where requests go
      production:
        url: ${quoted(production)}
        #limits: [{ requests: 200, per: second }] # what it can carry, whoever asks
${writeSandbox(sandbox, production)}${writeResources(resources)}`;
}

function writeSandbox(url: string | null, production: string): string {
  if (url === null) {
    const [path = ""] = /(?<=^\w+:\/\/[^/]+)\/.*$/.exec(production) ?? [];
    return `      #sandbox: { url: ${quoted(`http://127.0.0.1:8081${path}`)} } # for requests with keys of the sandbox\n`;
  }
  return `      sandbox: # for requests with keys of the sandbox
        url: ${quoted(url)}
        #limits: [{ requests: 50, per: second }]
`;
}

function writeResources(resources: readonly ResourceDraft[]): string {
  if (!resources.some(({ kind }) => kind === "listed")) return "";
  const lines = resources.map((resource) =>
    resource.kind === "listed"
      ? `      - match: ${quoted(resource.match)}\n        #limits: [{ requests: 10, per: second }]\n`
      : `      # left out: ${prose(resource.operation)}\n`,
  );
  return `    resources: # the most specific match counts; its limits come on top\n${lines.join("")}`;
}
