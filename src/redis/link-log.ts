import type { EpochMs } from "../policy/window.js";
import type { Logger } from "../telemetry/logger.js";
import type { LinkEvents } from "./link.js";

/** A link that goes down again within this time is not told of a second time. */
const QUIET_MS = 10_000;

/** Tells the log that Redis is out of reach, and that it is back: once each, however many requests it concerns. */
export function logLink(log: Logger, now: () => EpochMs): LinkEvents {
  let downAt: EpochMs = -Infinity;
  let told = false;
  return {
    onDown(reason) {
      told = now() - downAt >= QUIET_MS;
      downAt = now();
      if (told) log.error({ reason }, "Redis is out of reach; decisions go as onError says");
    },
    onUp() {
      if (told) log.info({ downMs: now() - downAt }, "Redis is back");
    },
  };
}
