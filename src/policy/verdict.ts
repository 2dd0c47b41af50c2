import { hasRoom, levels, remaining, type Standing } from "./limit.js";

/** What the counters say of one request: the limit that decides, among all that match. */
export type Verdict =
  | {
      readonly kind: "allow";
      readonly binding: Standing | null;
      /** The limit that only watches and would have denied. */
      readonly wouldDeny: Standing | null;
    }
  | { readonly kind: "deny"; readonly binding: Standing };

/**
 * Most restrictive wins. Of the limits that deny, the one with the longest wait is named; of those that
 * allow, the one with the least remaining. Ties fall by level, then by identity, so the order of the limits in
 * the policy file never shows. Limits that only watch neither deny nor are told to the client.
 */
export function judge(standings: readonly Standing[]): Verdict {
  let denying: Standing | null = null;
  let wouldDeny: Standing | null = null;
  let tightest: Standing | null = null;
  for (const standing of standings) {
    const { enforced } = standing.charge.limit;
    if (hasRoom(standing.charge, standing.used)) {
      if (enforced && (tightest === null || compareRoom(standing, tightest) < 0)) tightest = standing;
    } else if (enforced) {
      if (denying === null || compareWaits(standing, denying) < 0) denying = standing;
    } else if (wouldDeny === null || compareWaits(standing, wouldDeny) < 0) wouldDeny = standing;
  }
  return denying ? { kind: "deny", binding: denying } : { kind: "allow", binding: tightest, wouldDeny };
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
