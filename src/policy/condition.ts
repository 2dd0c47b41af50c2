import { contains, type IpRange, parseIp } from "./ip-range.js";
import { type Json, member, queryParameter } from "./request.js";
import type { Subject } from "./subject.js";

/** What a conditional group looks at. `invert` turns the answer round. */
export type Condition = { readonly invert: boolean } & (
  | { readonly kind: "ip"; readonly range: IpRange }
  /** `pattern` may match anywhere in the value, as WSO2's conditions do; anchor it to match the whole. */
  | { readonly kind: "header" | "query" | "claim"; readonly name: string; readonly pattern: RegExp }
);

/** Whether a request meets a condition. What the request does not have matches no pattern. */
export function meets(condition: Condition, subject: Subject): boolean {
  return matches(condition, subject) !== condition.invert;
}

function matches(condition: Condition, { request, claims, clientIp }: Subject): boolean {
  switch (condition.kind) {
    case "ip": {
      const address = parseIp(clientIp);
      return address !== null && contains(condition.range, address);
    }
    case "header":
      return found(condition.pattern, request.headers.get(condition.name));
    case "query":
      return found(condition.pattern, queryParameter(request.path, condition.name));
    case "claim":
      return found(condition.pattern, claimText(member(claims, condition.name)));
    default:
      return condition satisfies never;
  }
}

function found(pattern: RegExp, value: string | null | undefined): boolean {
  return typeof value === "string" && pattern.test(value);
}

/** Text, numbers and booleans as they are written; of a list its items, joined with commas. */
export function claimText(claim: Json | undefined): string | null {
  if (typeof claim === "string") return claim;
  if (typeof claim === "number" || typeof claim === "boolean") return String(claim);
  if (Array.isArray(claim)) return claim.map((item) => claimText(item) ?? "").join(",");
  return null;
}
