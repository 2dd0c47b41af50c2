import type { CheckResponse } from "../../src/envoy/wire/authz.js";

/** What a reply comes to: `ok`, or the code of its fault. */
export function outcome(reply: CheckResponse): "ok" | number {
  if (!reply.deniedResponse) return "ok";
  return (JSON.parse(reply.deniedResponse.body) as { fault: { code: number } }).fault.code;
}

/** A header that a denied client gets. */
export function deniedHeader(reply: CheckResponse, name: string): string | undefined {
  return reply.deniedResponse?.headers.find(({ header }) => header?.key === name)?.header?.value;
}

/** The first instant of next year: when windows of a year end. */
export const nextYear = new Date(Date.UTC(new Date().getUTCFullYear() + 1, 0, 1));
