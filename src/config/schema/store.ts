import { z } from "zod";
import { parseAddress } from "../../net/address.js";
import { parseRedisUrl } from "../redis-url.js";
import { given, label, listOf, someText } from "./text.js";

/** Where the counters are. */

const maxCounters = z
  .int()
  .min(1000, "must be 1000 or more")
  .optional()
  .describe("Counters held by a node at the most; 1000000 by default. Taken at the start alone.");

const memory = z.strictObject({
  kind: z.literal("memory").describe("Every node counts for itself."),
  maxCounters,
});

const node = z.string().refine((text) => isEndpoint(text), { error: "must be host:port or [ipv6]:port" });

const file = someText;

const database = z.int().min(0, "must be 0 or more").max(9999, "must be at most 9999");

const password = z
  .strictObject(
    {
      env: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of an environment variable")
        .optional()
        .describe("The environment variable that holds it."),
      file: file.optional().describe("The file that holds it; when that changes, weir takes the new one."),
    },
    { error: "must be { env: NAME } or { file: PATH }: a policy file is no place for secrets" },
  )
  .refine(({ env, file }) => given(env, file) === 1, { error: "must have exactly one of env, file" });

const tls = z
  .strictObject({
    ca: file.optional().describe("PEM file of the authorities; the system's by default."),
    cert: file.optional().describe("PEM file of the certificate that weir shows."),
    key: file.optional().describe("PEM file of that certificate's key."),
    serverName: label.optional().describe("The name in the servers' certificates, if it is not their host."),
  })
  .refine(({ cert, key }) => given(cert, key) !== 1, { error: "must have cert and key together" });

const redis = z
  .strictObject({
    kind: z.literal("redis").describe("All nodes count together, in Redis 6 or later."),
    url: z
      .string()
      .refine((text) => parseRedisUrl(text) !== null, {
        error: "must be redis://[user@]host[:port][/db], the same with rediss:// for TLS, or unix:///path",
      })
      .optional()
      .describe("A single Redis: redis://[user@]host[:port][/db], rediss://… for TLS, or unix:///path."),
    sentinel: z
      .strictObject({
        name: label.describe("What the sentinels call the master."),
        nodes: listOf(node, "is empty: name at least one sentinel").describe("The sentinels, as host:port."),
        db: database.optional().describe("The master's database; 0 by default."),
      })
      .optional()
      .describe("A Redis that sentinels watch."),
    cluster: listOf(node, "is empty: name at least one node")
      .optional()
      .describe("Some nodes of a Redis Cluster, as host:port."),
    username: label.optional().describe("The ACL user; default without it."),
    password: password.optional().describe("Where the password is."),
    sentinelPassword: password
      .optional()
      .describe("Where the password of the sentinels is, if they have one."),
    tls: z
      .union([z.literal(true), tls], { error: "must be true or a mapping" })
      .optional()
      .describe("TLS to all nodes and sentinels. true: as it comes. A url has it by rediss:// alone."),
    mode: z
      .enum(["leased", "strict"])
      .optional()
      .describe(
        "leased: nodes draw slices of a limit and spend them (default). strict: every request asks Redis.",
      ),
    onError: z
      .enum(["local", "allow", "deny"])
      .optional()
      .describe("What becomes of requests while Redis is away; local by default: each node counts alone."),
    deadlineMs: z
      .int()
      .min(1, "must be 1 to 10000")
      .max(10_000, "must be 1 to 10000")
      .optional()
      .describe("Milliseconds that a request waits for Redis; 25 by default."),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9._:-]{1,64}$/, "must be 1 to 64 letters, digits and any of . _ : -")
      .optional()
      .describe("What the keys in Redis begin with; weir by default."),
    maxCounters,
  })
  .refine(({ url, sentinel, cluster }) => given(url, sentinel, cluster) === 1, {
    error: "must have exactly one of url, sentinel, cluster",
    // Whatever else is wrong with it.
    when: () => true,
  });

export const store = z.discriminatedUnion("kind", [memory, redis], {
  error: "must be a mapping, such as { kind: redis, url: redis://redis }",
});

export type RedisStoreEntry = z.infer<typeof redis>;
export type PasswordEntry = z.infer<typeof password>;

function isEndpoint(text: string): boolean {
  const address = parseAddress(text);
  return address?.kind === "tcp" && address.port > 0 && /^[\w.:-]+$/.test(address.host);
}
