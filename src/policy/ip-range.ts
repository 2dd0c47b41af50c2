import ipaddr from "ipaddr.js";

/** An address in network byte order: 4 bytes, or 16. IPv4 addresses mapped into IPv6 are read as IPv4. */
export type IpBytes = readonly number[];

/** All addresses from `first` to `last`, both included. */
export interface IpRange {
  readonly first: IpBytes;
  readonly last: IpBytes;
}

export function parseIp(text: string): IpBytes | null {
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
  return isAddress ? ipaddr.process(text).toByteArray() : null;
}

/** Reads `203.0.113.7`, `203.0.113.0/24`, `203.0.113.7-203.0.113.9` or their IPv6 likes; null when it is none. */
export function parseIpRange(text: string): IpRange | null {
  const [, from = "", digits, to] = /^([^/-]+)(?:\/(\d{1,3})|-([^/-]+))?$/.exec(text) ?? [];
  const first = parseIp(from);
  const last = to === undefined ? first : parseIp(to);
  if (!first || !last || first.length !== last.length || compare(first, last) > 0) return null;
  return digits === undefined ? { first, last } : block(first, Number(digits) - mappedBits(from, first));
}

/** The prefix of a mapped address (`::ffff:203.0.113.0/120`) counts the 96 bits in front of the IPv4 address. */
function mappedBits(text: string, address: IpBytes): number {
  return text.includes(":") && address.length === 4 ? 96 : 0;
}

function block(address: IpBytes, prefixLength: number): IpRange | null {
  if (prefixLength < 0 || prefixLength > address.length * 8) return null;
  const hostBits = (index: number) => 0xff >> Math.min(8, Math.max(0, prefixLength - index * 8));
  return {
    first: address.map((byte, index) => byte & ~hostBits(index)),
    last: address.map((byte, index) => byte | hostBits(index)),
  };
}

export function contains({ first, last }: IpRange, address: IpBytes): boolean {
  return address.length === first.length && compare(first, address) <= 0 && compare(address, last) <= 0;
}

function compare(a: IpBytes, b: IpBytes): number {
  const index = a.findIndex((byte, at) => byte !== b[at]);
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}
