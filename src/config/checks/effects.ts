import type { Problem } from "../problem.js";
import { DEFAULT_CLAIMS } from "../schema/application.js";
import { entries, type File, isUnreadable, Names } from "./names.js";

/** Parts that say something which nothing else in the file lets come true. */
export function checkEffects(file: File): Problem[] {
  return [
    ...checkCallers(file),
    ...checkClaims(file),
    ...checkAnonymous(file),
    ...checkTierFlags(file),
    ...checkSources(file),
  ];
}

/** Without a source of identity there is no caller to be denied. */
function checkCallers(file: File): Problem[] {
  if (entries(file, "identity").length > 0) return [];
  return (file.deny ?? []).flatMap((rule, i) =>
    (["application", "user"] as const)
      .filter((part) => rule?.[part] !== undefined)
      .map((part) => ({
        path: ["deny", i, part],
        message: "has no effect: there is no source under identity, so nobody is known",
      })),
  );
}

/** Claims come from a verified token alone. */
function checkClaims(file: File): Problem[] {
  if (entries(file, "identity").some((source) => !source || source.jwt)) return [];
  const message = "has no effect: no source under identity is a jwt, so there are no claims";
  const conditions = Object.entries(file.tiers ?? {}).flatMap(([tier, entry]) =>
    (entry?.groups ?? []).flatMap((group, i) =>
      (group?.when ?? []).flatMap((condition, k) =>
        condition?.claim === undefined
          ? []
          : [{ path: ["tiers", tier, "groups", i, "when", k, "claim"], message }],
      ),
    ),
  );
  const keys = (file.custom ?? []).flatMap((rule, i) =>
    rule?.key?.includes("{claim.") ? [{ path: ["custom", i, "key"], message }] : [],
  );
  return [...conditions, ...keys];
}

function checkAnonymous({ anonymous, anonymousTier }: File): Problem[] {
  if (anonymous !== "deny" || anonymousTier === undefined) return [];
  return [{ path: ["anonymousTier"], message: "has no effect beside anonymous: deny" }];
}

function checkTierFlags({ tiers = {} }: File): Problem[] {
  return Object.entries(tiers).flatMap(([tier, entry]) => {
    const limits = entry && (Object.hasOwn(entry, "limits") || Object.hasOwn(entry, "groups"));
    if (entry?.stopOnQuotaReach !== false || limits) return [];
    return [{ path: ["tiers", tier, "stopOnQuotaReach"], message: "has no effect without limits" }];
  });
}

/** Of two sources that look in the same place, the second is never asked. */
function checkSources(file: File): Problem[] {
  if (isUnreadable(file, "identity")) return [];
  const names = new Names("source");
  for (const [i, source] of (file.identity ?? []).entries()) {
    const header = source?.apiKey?.header ?? source?.trusted?.application;
    const place =
      header?.toLowerCase() ??
      source?.apiKey?.query ??
      source?.apiKey?.cookie ??
      (source?.jwt ? (source.jwt.metadata ?? DEFAULT_CLAIMS).join(" ") : undefined) ??
      (source?.mtls ? "certificate" : undefined);
    if (source && place !== undefined) {
      const kind = [...Object.keys(source), ...Object.keys(source.apiKey ?? {})].join(" ");
      names.add(`${kind} ${place}`, ["identity", i], "the same source");
    }
  }
  return names.problems;
}
