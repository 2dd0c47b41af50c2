/** A policy that has a use for all that `weir envoy` makes. */
export function everything(jwksFile: string): string {
  return `version: 1
trustedProxies: 1
onUnavailable: allow
gateway:
  limits: [{ requests: 1000, per: second }, { bytes: 1 MB, per: minute }]
  backends:
    production: { url: "http://[::1]:8080" }
    sandbox: { url: "https://sandbox.example.com" }
apis:
  - name: orders
    version: v1
    match: { hosts: [api.example.com, "*.example.com", "[2001:db8::1]", Upper.Example.org], pathPrefix: "/orders/v1" }
    resources:
      - { match: "GET /items/{id}" }
      - { match: "HEAD /items/{id}" }
      - { match: "* /reports/*" }
      - { match: "GET /" }
      - { match: "POST /a+b/(c|d)/[e]/$f^/x.y/~/{id}/caf\u00e9/%2520/\\"/'" }
    backends:
      production: { url: "http://orders:8080/" , limits: [{ requests: 5, per: second }] }
      sandbox: { url: "https://orders-sandbox:8443/base/path/", http2: true }
  - name: odd
    version: v1
    match: { pathPrefix: "/caf\u00e9/(a|b)*/{x}/a+b$^'" }
    backends: { production: { url: "http://10.0.0.1:80/%41/$x" } }
  - { name: only-sandbox, version: v1, match: { pathPrefix: /s }, backends: { sandbox: {} } }
  - { name: plain-443, version: v1, match: { pathPrefix: /p }, backends: { production: { url: "http://one.example.com:443" } } }
  - { name: tls-443, version: v1, match: { pathPrefix: /t }, backends: { production: { url: "https://one.example.com" }, sandbox: { url: "https://192.0.2.1" } } }
  - { name: all, version: v1, match: { hosts: ["*"], pathPrefix: / }, resources: [{ match: "* /*" }] }
  - { name: openai, version: v1, match: { pathPrefix: /openai }, ai: { provider: openai, admission: reserve, includeUsage: hide }, backends: { production: { url: "https://api.openai.example.com/v1", http2: true } } }
  - { name: any, version: v1, match: { pathPrefix: /any }, ai: {}, limits: [{ totalTokens: 100, per: minute }] }
tiers:
  Conditional:
    perUser: true
    groups: [{ when: [{ header: X-Plan, matches: gold }], limits: [{ requests: 5, per: minute }] }]
    limits: [{ requests: 1, per: minute }]
applications:
  - { name: mobile, subscriptions: { orders/v1: Unlimited }, credentials: [{ clientId: a }, { principal: "CN=a" }, { apiKey: "sha256:\u2026" }] }
identity:
  - apiKey: { header: X-API-Key }
  - apiKey: { cookie: key }
  - apiKey: { query: key }
  - jwt: { issuer: "https://one.example.com/", audiences: [a, b], jwks: { url: "https://one.example.com/keys?a=b" } }
  - jwt: { issuer: "https://two.example.com/", jwks: { url: "http://[::1]:9000/keys" }, metadata: [envoy.filters.http.jwt_authn, two] }
  - jwt: { issuer: three, jwks: { file: ${JSON.stringify(jwksFile)} }, metadata: [envoy.filters.http.jwt_authn, three] }
  - jwt: { metadata: [filter.of.my.own, a, b], application: client_id }
  - mtls: {}
  - trusted: { application: X-App, user: X-User, environment: X-Env }
custom: [{ name: c, key: "{header.X-Tenant}:{user}", limits: [{ requests: 1, per: second }] }]
`;
}
