import { createHash } from "node:crypto";
import type { ClientRequest } from "../../demo/gateway.js";

const NEVER_REACHED = 1_000_000_000;
const KEY = "report-key-5d2e4f60";

/** The policy file (JSON is YAML): limits at every level, and production beside a sandbox for each API. */
export function gatewayPolicy(apis: number, resourcesPerApi: number): string {
  const limits = [{ requests: NEVER_REACHED, per: "year" }];
  const names = Array.from({ length: apis }, (_, i) => nameOf(i));
  return JSON.stringify({
    version: 1,
    gateway: { limits },
    tiers: { Gold: { limits } },
    apis: names.map((name) => ({
      name,
      version: "v1",
      match: { pathPrefix: `/${name}/v1` },
      limits,
      resources: Array.from({ length: resourcesPerApi }, (_, k) => ({
        match: `GET /${itemsOf(k)}/{id}`,
        limits,
      })),
      backends: {
        production: { url: "http://backend-production:8080", limits },
        sandbox: { url: "http://backend-sandbox:8080", limits },
      },
    })),
    applications: [
      {
        name: "everybody",
        subscriptions: Object.fromEntries(names.map((name) => [`${name}/v1`, "Gold"])),
        credentials: [{ apiKey: `sha256:${createHash("sha256").update(KEY).digest("hex")}` }],
      },
    ],
    identity: [{ apiKey: { header: "x-api-key" } }],
  });
}

/** Request number `n`: one of every resource of every API, in turn. */
export function requestOf(n: number, apis: number, resourcesPerApi: number): ClientRequest {
  const name = nameOf(n % apis);
  const items = itemsOf(Math.floor(n / apis) % resourcesPerApi);
  return { method: "GET", path: `/${name}/v1/${items}/${n}`, key: KEY };
}

function nameOf(index: number): string {
  return `api-${String(index + 1).padStart(4, "0")}`;
}

function itemsOf(index: number): string {
  return `items-${index + 1}`;
}
