import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createServer } from "node:net";
import type { Readable } from "node:stream";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/weir.js";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const POLICY = "test/config/fixtures/example.yaml";
const BAD = "test/config/fixtures/bad/unknown-api.yaml";
const FREE = ["--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0"];

interface Process {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  out(): string;
  err(): string;
  /** Code and signal. A process that does not end by itself is killed, and that is seen. */
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>;
}

function weir(args: readonly string[], env: Record<string, string> = {}): Process {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { out: "", err: "" };
  child.stdout.on("data", (more) => {
    text.out += more;
  });
  child.stderr.on("data", (more) => {
    text.err += more;
  });
  const tooLong = setTimeout(() => child.kill("SIGKILL"), 15_000);
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on("close", (code, signal) => {
      clearTimeout(tooLong);
      resolve([code, signal]);
    });
  });
  return { child, out: () => text.out, err: () => text.err, ended };
}

const logLines = (process: Process) =>
  process
    .out()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

async function servingWeir(args: readonly string[], env: Record<string, string> = {}) {
  const process = weir(args, env);
  await eventually(`serves, after ${process.err()}`, () => process.out().includes('weir serves"}\n'), 15_000);
  const line = logLines(process).find(({ msg }) => msg === "weir serves") ?? {};
  return { ...process, line };
}

describe("the process", () => {
  test("ends with 0 and one line on standard output when a policy is good", async () => {
    const process = weir(["validate", POLICY]);
    assert.deepEqual(await process.ended, [0, null]);
    assert.equal(process.out(), `${POLICY} is good: 2 APIs, 17 limits\n`);
  });

  test("ends with 2 and all mistakes on standard error when it is bad", async () => {
    const process = weir(["validate", BAD]);
    assert.deepEqual(await process.ended, [2, null]);
    assert.equal(process.out(), "");
    assert.match(process.err(), /^weir: 3 mistakes in .*\n.*:9: .*\n.*:9: .*\n.*:11: .*\n$/);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`serves until ${signal}, and then ends with 0`, async () => {
      const process = await servingWeir(["serve", POLICY, ...FREE]);
      assert.equal(process.line["policy"], POLICY);
      const answer = await fetch(`http://${process.line["admin"]}/healthz`);
      assert.equal(await answer.text(), "ok\n");
      process.child.kill(signal);
      assert.deepEqual(await process.ended, [0, null]);
      assert.equal(process.err(), "");
      assert.equal(logLines(process).at(-1)?.["msg"], "weir stops");
    });
  }

  test("reads its settings from the environment", async () => {
    const process = await servingWeir(["serve"], {
      WEIR_POLICY: POLICY,
      WEIR_GRPC: "127.0.0.1:0",
      WEIR_ADMIN: "[::1]:0",
    });
    assert.match(String(process.line["grpc"]), /^127\.0\.0\.1:[1-9]\d*$/);
    assert.match(String(process.line["admin"]), /^\[::1\]:[1-9]\d*$/);
    process.child.kill("SIGTERM");
    assert.deepEqual(await process.ended, [0, null]);
  });

  for (const flag of ["grpc", "admin"]) {
    test(`ends by itself with 1 when the ${flag} port is taken`, async () => {
      const taken = createServer();
      await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
      const address = taken.address();
      const busy = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
      const process = weir(["serve", POLICY, ...FREE, `--${flag}`, busy]);
      assert.deepEqual(await process.ended, [1, null]);
      assert.match(process.err(), new RegExp(`^weir: cannot listen on ${busy}: .*EADDRINUSE.*\n$`, "m"));
      taken.close();
    });
  }
});
