import type { EpochMs } from "../policy/window.js";
import type { Logger } from "../telemetry/logger.js";
import type { LinkEvents } from "./link.js";

/** Redis is back once it has been for so long. */
const STEADY_MS = 1_000;

/** Tells the log that Redis is out of reach, and that it is back: once each, however many requests it concerns. */
export function logLink(log: Logger, now: () => EpochMs): LinkEvents {
  let downAt: EpochMs | null = null;
  let steady: NodeJS.Timeout | undefined;
  return {
    onDown(reason) {
      clearTimeout(steady);
      if (downAt !== null) return;
      downAt = now();
      log.error({ reason }, "Redis is out of reach; decisions go as onError says");
    },
    onUp() {
      const downMs = now() - (downAt ?? now());
      steady = setTimeout(() => {
        downAt = null;
        log.info({ downMs }, "Redis is back");
      }, STEADY_MS).unref();
    },
  };
}
