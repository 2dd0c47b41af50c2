import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A child process, stopped by its id and never by its name. */
export interface Child {
  readonly pid: number;
  /** What it wrote last, for messages about its failure. */
  tail(): string;
  kill(signal: NodeJS.Signals): void;
  /** Asks it to stop, and makes it after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
  readonly exited: Promise<number | null>;
}

/** Starts a program whose output goes to `logFile`. It does not outlive this process. */
export function startChild(command: string, args: readonly string[], logFile: string): Child {
  const child: ChildProcess = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const log = createWriteStream(logFile);
  let tail = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      log.write(chunk);
      tail = (tail + chunk.toString("utf8")).slice(-4000);
    });
  }
  const exited = new Promise<number | null>((resolve) => {
    child.once("error", (error) => {
      tail += error.message;
      resolve(null);
    });
    child.once("exit", (code) => resolve(code));
  });
  const killOnExit = () => child.kill("SIGKILL");
  process.once("exit", killOnExit);
  exited.then(() => process.removeListener("exit", killOnExit));
  return {
    pid: child.pid ?? -1,
    tail: () => tail,
    kill: (signal) => child.kill(signal),
    async stop(graceMs = 3000) {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, "exit");
        child.kill("SIGTERM");
        const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
        await gone;
        clearTimeout(timer);
      }
      log.end();
    },
    exited,
  };
}

/** Waits until `isReady` says so; fails when the child ends first or `timeoutMs` have passed. */
export async function waitUntil(
  what: string,
  isReady: () => Promise<boolean>,
  child: Child,
  timeoutMs = 15_000,
) {
  const deadline = Date.now() + timeoutMs;
  let ended = false;
  child.exited.then(() => {
    ended = true;
  });
  while (!(await isReady())) {
    if (ended) throw new Error(`${what} ended before it was ready:\n${child.tail()}`);
    if (Date.now() > deadline)
      throw new Error(`${what} was not ready after ${timeoutMs} ms:\n${child.tail()}`);
    await sleep(50);
  }
}

/** Whether a GET of `url` is answered with 200. */
export async function answersOk(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => {
      await response.arrayBuffer();
      return response.status === 200;
    },
    () => false,
  );
}
