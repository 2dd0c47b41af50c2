import type { EpochMs } from "./policy/window.js";

/**
 * The time of day, except that it never goes back: a window that has been reached is not opened a second time. When
 * the system's clock is set forward it follows; when it is set back it goes on at its own pace.
 */
export function createClock(): () => EpochMs {
  let offsetMs = Date.now() - performance.now();
  return () => {
    const elapsedMs = performance.now();
    offsetMs = Math.max(offsetMs, Date.now() - elapsedMs);
    return Math.floor(offsetMs + elapsedMs);
  };
}
