import type { Terminal } from "../../src/cli/command.js";
import { run } from "../../src/cli/run.js";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  /** What ended the command, once it has. */
  readonly ended: Promise<Ran>;
  /** Resolves when the command waits to be stopped, and with false when it ended instead. */
  readonly serves: Promise<boolean>;
  stop(): void;
}

/** Starts a command line without a process of its own. */
export function start(args: readonly string[], env: Terminal["env"] = {}): Running {
  const text = { out: "", err: "" };
  let stop = () => {};
  let announce = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const waiting = new Promise<boolean>((resolve) => {
    announce = () => resolve(true);
  });
  const code = run(args, {
    env,
    out: (more) => {
      text.out += more;
    },
    err: (more) => {
      text.err += more;
    },
    read: async () => "",
    untilStopped() {
      announce();
      return stopped;
    },
  });
  const ended = code.then((code) => ({ code, ...text }));
  return { ended, serves: Promise.race([waiting, ended.then(() => false)]), stop };
}

/** Runs a command line to its end. One that serves, though it should not, is stopped at once. */
export function runCommand(args: readonly string[], env: Terminal["env"] = {}): Promise<Ran> {
  const running = start(args, env);
  running.stop();
  return running.ended;
}
