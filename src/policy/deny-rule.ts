import { contains, type IpBytes, type IpRange, parseIp } from "./ip-range.js";
import type { Environment } from "./policy.js";
import type { Subject } from "./subject.js";

/** Refuses the requests that meet all of its conditions; null stands for any. */
export interface DenyRule {
  readonly ip: IpRange | null;
  /** Refuses every address but those of `ip`. */
  readonly invert: boolean;
  /** {@link Api.ref}. */
  readonly api: string | null;
  readonly application: string | null;
  readonly user: string | null;
  readonly environment: Environment | null;
}

/** The first rule that refuses the request. */
export function findDenyRule(rules: readonly DenyRule[], subject: Subject): DenyRule | null {
  if (rules.length === 0) return null;
  const address = parseIp(subject.clientIp);
  return rules.find((rule) => refuses(rule, subject, address)) ?? null;
}

function refuses(rule: DenyRule, { api, caller, environment }: Subject, address: IpBytes | null): boolean {
  return (
    (rule.ip === null || (address !== null && contains(rule.ip, address)) !== rule.invert) &&
    (rule.api === null || rule.api === api?.ref) &&
    (rule.application === null || rule.application === caller?.application.name) &&
    (rule.user === null || rule.user === caller?.user) &&
    (rule.environment === null || rule.environment === environment)
  );
}
