import type { EpochMs } from "../../policy/window.js";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A client that comes back at the second it is told must not be early. */
const wholeSecond = (at: EpochMs) => new Date(Math.ceil(at / 1000) * 1000);

/** Java's `yyyy-MMM-dd HH:mm:ssZ` and ` UTC`, as WSO2 writes it: `2024-Jan-01 00:01:00+0000 UTC`. */
export function formatNextAccess(at: EpochMs): string {
  const date = wholeSecond(at);
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${date.getUTCFullYear()}-${months[date.getUTCMonth()]}-${two(date.getUTCDate())}`;
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
  return `${day} ${time}+0000 UTC`;
}

/** RFC 9110 section 5.6.7: `Mon, 01 Jan 2024 00:01:00 GMT`, as WSO2 writes Retry-After. */
export function formatHttpDate(at: EpochMs): string {
  return wholeSecond(at).toUTCString();
}

/** Seconds from `now`, at least 1: RFC 9110's other form of Retry-After. */
export function secondsUntil(at: EpochMs, now: EpochMs): number {
  return Math.max(1, Math.ceil((at - now) / 1000));
}
