import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Cluster, Redis } from "ioredis";
import { connect, type RedisConnection } from "../../src/redis/connect.js";
import type { RedisSettings, Topology } from "../../src/redis/settings.js";
import { eventually } from "../support/weir.js";

/** Within a second of Redis being back weir is, too; the rest is what a busy machine adds. */
export const BACK_MS = 1500;

export interface Opened {
  readonly client: Redis | Cluster;
  readonly connection: RedisConnection;
  /** Everything reported so far. */
  readonly problems: readonly string[];
}

/** A connection that is closed when the test is over, and may not be ready yet. */
export async function open(
  t: TestContext,
  settings: Pick<RedisSettings, "topology"> & Partial<RedisSettings>,
  env: Readonly<Record<string, string>> = {},
): Promise<Opened> {
  const problems: string[] = [];
  const defaults = {
    ...{ credentials: { kind: "none" } as const, tls: null, mode: "leased" as const },
    ...{ onError: "local" as const, deadlineMs: 25, prefix: "weir" },
  };
  const onProblem = (message: string) => {
    problems.push(message);
  };
  const connection = await connect({ ...defaults, ...settings }, env, { onProblem });
  t.after(() => connection.close());
  return { client: connection.client, connection, problems };
}

export const single = (port: number, host = "127.0.0.1", db = 0): Topology => ({
  kind: "single",
  address: { kind: "tcp", host, port },
  db,
});

export function untilReady({ client, problems }: Opened, timeoutMs = 5000): Promise<void> {
  return eventually(`ready, after ${problems}`, () => client.status === "ready", timeoutMs);
}

/** How long it takes until a command is answered, in milliseconds. */
export async function msUntilAnswered({ client }: Opened, timeoutMs = 10_000): Promise<number> {
  const begun = performance.now();
  const answers = () =>
    client.incr("answered").then(
      () => true,
      () => false,
    );
  await eventually("a command is answered", answers, timeoutMs);
  return performance.now() - begun;
}

/** The error of a promise that must fail, and how long it took to. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<{ readonly error: Error; readonly tookMs: number }> {
  const begun = performance.now();
  const error = await promise.then(
    () => assert.fail("was answered"),
    (error: Error) => error,
  );
  return { error, tookMs: performance.now() - begun };
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "weir-connect-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
