import type { FaultFormat } from "../../policy/policy.js";
import type { EpochMs } from "../../policy/window.js";
import type { Fault } from "./fault.js";

/** A fault as bytes on the wire. */
export interface FaultBody {
  readonly contentType: string;
  readonly body: string;
}

/** How the products that weir stands in for write their faults. */
export const faultBodies: Record<FaultFormat, (fault: Fault) => FaultBody> = {
  /** WSO2 API Manager before 4.0: wrapped, the code a number. */
  "wso2-3": ({ code, ...fault }) => json({ fault: { code, ...texts(fault) } }),
  /** WSO2 API Manager 4.0 and later (`_throttle_out_handler_`): flat, the code a string. */
  "wso2-4": ({ code, ...fault }) => json({ code: String(code), ...texts(fault) }),
};

function texts({ message, description, nextAccessAt }: Omit<Fault, "code">) {
  if (nextAccessAt === null) return { message, description };
  const nextAccessTime = formatNextAccess(nextAccessAt);
  return {
    message,
    // The blank before the full stop is WSO2's; clients match on it.
    description: `${description} .You can access API after ${nextAccessTime}`,
    nextAccessTime,
  };
}

function json(value: unknown): FaultBody {
  return { contentType: "application/json", body: JSON.stringify(value) };
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Java's `yyyy-MMM-dd HH:mm:ssZ` and ` UTC`: `2024-Jan-01 00:01:00+0000 UTC`. */
export function formatNextAccess(at: EpochMs): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${date.getUTCFullYear()}-${months[date.getUTCMonth()]}-${two(date.getUTCDate())}`;
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
  return `${day} ${time}+0000 UTC`;
}

/** RFC 9110 section 5.6.7: `Mon, 01 Jan 2024 00:01:00 GMT`, as WSO2 writes Retry-After. */
export function formatHttpDate(at: EpochMs): string {
  return new Date(at).toUTCString();
}
