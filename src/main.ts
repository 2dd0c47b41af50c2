#!/usr/bin/env -S node --min-semi-space-size=16 --max-semi-space-size=32
import { text } from "node:stream/consumers";
import { run } from "./cli/run.js";

/** The only file that touches the process. */
const stopped = new Promise<void>((resolve) => {
  process.once("SIGTERM", () => resolve());
  process.once("SIGINT", () => resolve());
});

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  read: () => text(process.stdin),
  untilStopped: () => stopped,
});
