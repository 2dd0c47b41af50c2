import { readFileSync } from "node:fs";

/** A policy with all that a gateway has to know of one. */
export const everything = `
version: 1
onUnavailable: allow
gateway: { limits: [{ requests: 1000, per: minute }] }
unmatched: deny
tiers: { Some: { limits: [{ bytes: 10 MB, per: minute }] } }
apis:
  - name: orders
    version: v1
    match: { hosts: [api.example.com, "*.example.org"], pathPrefix: /orders/v1 }
    resources: [{ match: "GET /items/{id}" }]
    backends:
      production: { url: "http://orders:8080/" }
      sandbox: { url: "http://orders-sandbox.test.svc:8080/base" }
  - name: chat
    version: v1
    match: { pathPrefix: /chat/v1 }
    ai: { provider: openai, admission: reserve }
    limits: [{ totalTokens: 1000, per: minute }]
    backends: { production: { url: "https://api.openai.com/v1" } }
  - name: embed
    version: v1
    match: { pathPrefix: /embed/v1 }
    ai: { provider: openai }
    limits: [{ totalTokens: 1000, per: minute }]
    backends: { production: { url: "http://10.1.2.3:8080", http2: true } }
applications:
  - name: web
    tier: Some
    subscriptions: { orders/v1: Unlimited, chat/v1: Unlimited }
    credentials: [{ clientId: web }]
identity:
  - jwt: { issuer: "https://a.example.com/", audiences: [weir], jwks: { url: "https://a.example.com/keys" } }
  - jwt:
      issuer: "https://b.example.com/"
      jwks: { file: keys.json }
      metadata: [envoy.filters.http.jwt_authn, b]
  - apiKey: { header: api_key }
  - mtls: {}
  - trusted: { application: x-app }
`;

/** One that is hardly any. */
export const little = `
version: 1
apis: [{ name: a, version: v1, match: { pathPrefix: / }, backends: { production: { url: "http://a:8080" } } }]
`;

/** The one of the demo. */
export const demo = readFileSync("envoy/policy.yaml", "utf8");
