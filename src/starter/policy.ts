import { hashApiKey } from "../identity/api-key.js";
import type { ApiDraft } from "../openapi/api.js";
import { LOCAL_BACKEND } from "../openapi/backends.js";
import { firstFree } from "../openapi/names.js";
import { matchIdentities } from "../policy/api-index.js";
import { writeApi } from "./api.js";
import { inline } from "./text.js";

export interface StarterParts {
  /** None stand for one API, which is everything that the backend on this machine serves. */
  readonly apis: readonly ApiDraft[];
  /** The keys of the demo application, in clear. */
  readonly keys: { readonly production: string; readonly sandbox: string };
  /** Where editors find the schema of a policy file. */
  readonly schema: string | null;
}

/** Requests without a key that pass in a minute: few enough to see the next one denied. */
export const ANONYMOUS_PER_MINUTE = 5;

const everything: ApiDraft = {
  title: "Everything that one backend serves. Of several APIs the one with the longest prefix counts.",
  name: "backend",
  version: "v1",
  pathPrefix: "/",
  production: LOCAL_BACKEND,
  sandbox: null,
  resources: [{ kind: "listed", match: "POST /*" }],
};

/** The APIs of a starter policy. */
export function starterApis(apis: readonly ApiDraft[]): readonly [ApiDraft, ...ApiDraft[]] {
  const [first = everything, ...more] = apis;
  return [first, ...more];
}

/**
 * Writes the policy to begin with. It loads as it is, and with any of the lines switched on that begin with a # and
 * no blank behind it.
 */
export function writeStarter({ apis: given, keys, schema }: StarterParts): string {
  const apis = starterApis(given);
  const ai = aiName(apis);
  return `${schema === null ? "" : `# yaml-language-server: $schema=${schema}\n\n`}\
# What may pass through the gateway, and how much of it. A running weir takes changes over at once.
# A # without a blank behind it switches something off: take it away to switch that on.
version: 1

#shadow: true # only watch: what would be denied is counted and let through

# Everything that passes, together.
gateway:
  limits: [{ requests: 1000, per: second }]

# Sets of limits with a name, for subscriptions, applications, APIs and resources. \`per\` is second, minute, hour, day,
# week, month, year or a count of them, such as 15 minutes.
tiers:
  Anonymous: { limits: [{ requests: ${ANONYMOUS_PER_MINUTE}, per: minute }] }
  Gold: { limits: [{ requests: 100, per: minute }], burst: { requests: 20, per: second } }
  #Daily: { limits: [{ requests: 10000, per: day }, { bytes: 1 GB, per: day }] }

apis:
${apis.map(writeApi).join("\n")}
  # An AI API: the tokens that its responses tell are limited. Subscribe applications to it below.
  #- name: ${ai}
    #version: v1
    #match: { pathPrefix: /${ai} }
    #ai: { provider: openai } # or leave it at {}, and weir finds out
    #limits: [{ totalTokens: 50000, per: minute }]
    #backends: { production: { url: "https://api.openai.com/" } }

# Who calls. Keys do not stand in this file, but what \`weir hash-key\` makes of them; these two are for trying out.
applications:
  - name: demo
    #tier: Gold # for each user of the application, over all APIs
    subscriptions: # the APIs that it may call, each with a tier
${apis.map(({ name, version }) => `      ${name}/${version}: Gold\n`).join("")}\
    credentials:
      - { apiKey: "sha256:${hashApiKey(keys.production)}" } # ${keys.production}
      #- { apiKey: "sha256:${hashApiKey(keys.sandbox)}", environment: sandbox } # ${keys.sandbox}

# How callers are known.
identity:
  - apiKey: { header: x-api-key }

# All requests to an API without a key, together. Or refuse them: \`anonymous: deny\` in place of this line.
anonymousTier: Anonymous

#unmatched: deny # requests that no API matches; without it they pass

# What is refused, whatever limits say.
#deny: [{ ip: 203.0.113.0/24 }, { application: demo, api: ${inline(`${apis[0].name}/${apis[0].version}`)} }]

# Limits on whatever a key renders to: here each address, over all APIs.
#custom: [{ name: per-address, key: "{clientIp}", limits: [{ requests: 60, per: minute }] }]

# Several weirs count together in Redis. Without it each counts for itself; taken at the next start.
#store: { kind: redis, url: "redis://127.0.0.1:6379" }
`;
}

/** A name and a prefix that none of the others has. */
function aiName(apis: readonly ApiDraft[]): string {
  const refs = new Set(apis.map(({ name, version }) => `${name}/${version}`));
  const taken = new Set(apis.flatMap(({ pathPrefix }) => matchIdentities({ hosts: [], pathPrefix })));
  return firstFree("chat", (name) => {
    const identities = matchIdentities({ hosts: [], pathPrefix: `/${name}` });
    return !refs.has(`${name}/v1`) && !identities.some((identity) => taken.has(identity));
  });
}
