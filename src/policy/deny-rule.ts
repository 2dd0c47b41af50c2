import ipaddr from "ipaddr.js";
import type { Subject } from "./subject.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** An address or a CIDR block, its boundary addresses included. */
export interface IpRange {
  readonly address: Address;
  readonly prefixLength: number;
}

/** Refuses the requests that meet all of its conditions; null stands for any. */
export interface DenyRule {
  readonly ip: IpRange | null;
  /** {@link Api.ref}. */
  readonly api: string | null;
  readonly application: string | null;
  readonly user: string | null;
}

/** Reads `203.0.113.7`, `203.0.113.0/24` or their IPv6 likes; null when it is neither. */
export function parseIpRange(text: string): IpRange | null {
  const [, base = "", digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(base);
  if (!address) return null;
  const bits = address.kind() === "ipv4" ? 32 : 128;
  const written = base.includes(":") ? 128 : 32;
  const prefixLength = Number(digits ?? written) - (written - bits);
  return prefixLength >= 0 && prefixLength <= bits ? { address, prefixLength } : null;
}

/** The first rule that refuses the request. */
export function findDenyRule(rules: readonly DenyRule[], subject: Subject): DenyRule | null {
  if (rules.length === 0) return null;
  const address = parseAddress(subject.clientIp);
  return rules.find((rule) => denies(rule, subject, address)) ?? null;
}

function denies(rule: DenyRule, { api, caller }: Subject, address: Address | null): boolean {
  return (
    (rule.ip === null || (address !== null && contains(rule.ip, address))) &&
    (rule.api === null || rule.api === api?.ref) &&
    (rule.application === null || rule.application === caller?.application.name) &&
    (rule.user === null || rule.user === caller?.user)
  );
}

function contains({ address: base, prefixLength }: IpRange, address: Address): boolean {
  return base.kind() === address.kind() && address.match(base, prefixLength);
}

/** IPv4 addresses mapped into IPv6 (`::ffff:203.0.113.7`) are read as IPv4. */
function parseAddress(text: string): Address | null {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text) ? ipaddr.process(text) : null;
}
