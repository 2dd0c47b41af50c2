import { hasRoom, levels, remaining, type Standing } from "./limit.js";

/** What the counters say of one request: the limit that decides, among all that match. */
export type Verdict =
  | { readonly kind: "allow"; readonly binding: Standing | null }
  | { readonly kind: "deny"; readonly binding: Standing };

/**
 * Most restrictive wins. Of the limits that deny, the one with the longest wait is named; of those that
 * allow, the one with the least remaining. Ties fall by level, then by identity, so the order of the limits in
 * the policy file never shows.
 */
export function judge(standings: readonly Standing[]): Verdict {
  let denying: Standing | null = null;
  let tightest: Standing | null = null;
  for (const standing of standings) {
    if (!hasRoom(standing.charge, standing.used)) {
      if (denying === null || compareWaits(standing, denying) < 0) denying = standing;
    } else if (tightest === null || compareRoom(standing, tightest) < 0) {
      tightest = standing;
    }
  }
  return denying ? { kind: "deny", binding: denying } : { kind: "allow", binding: tightest };
}

function compareWaits(a: Standing, b: Standing): number {
  return b.resetAt - a.resetAt || compareIdentity(a, b);
}

function compareRoom(a: Standing, b: Standing): number {
  return remaining(a) - remaining(b) || b.resetAt - a.resetAt || compareIdentity(a, b);
}

function compareIdentity({ charge: { limit: a } }: Standing, { charge: { limit: b } }: Standing): number {
  return levels.indexOf(a.level) - levels.indexOf(b.level) || (a.id < b.id ? -1 : Number(a.id > b.id));
}
