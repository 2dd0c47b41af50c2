import { type EpochMs, spanAt, type Window, windowLengthMs } from "../policy/window.js";
import type { SlotEnd } from "./shared-counters.js";
import { slidingBucketMs } from "./sliding-ledger.js";

/** The slot that is counted in at a time. */
export function slotAt(window: Window, at: EpochMs): SlotEnd {
  const lengthMs = windowLengthMs(window);
  if (window.kind === "fixed" || lengthMs === null) return spanAt(window, at).end;
  const widthMs = slidingBucketMs(lengthMs);
  return (Math.floor(at / widthMs) + 1) * widthMs;
}

/** When what was counted in a slot has left its window. */
export function slotLeavesAt(window: Window, slot: SlotEnd): EpochMs {
  const lengthMs = windowLengthMs(window);
  return window.kind === "fixed" || lengthMs === null ? slot : slot + lengthMs;
}
