import { columns } from "../../cluster/format/columns.js";
import { admissions, type OvershootReport, type VariantName, variantNames } from "../scenarios/overshoot.js";

const titles: Record<VariantName, string> = {
  exact: "max_tokens exact",
  tenfoldCold: "max_tokens tenfold, cold",
  tenfoldLearned: "max_tokens tenfold, learned",
  noneCold: "no max_tokens, cold",
  noneLearned: "no max_tokens, learned",
  noneLongCold: "no max_tokens, answers longer than assumed, cold",
  exactBeyondShare: "max_tokens exact, beyond maxShare",
};

const words = { chargeAfter: "charge-after", reserve: "reserve" } as const;

export function formatOvershoot({ plan, variants }: OvershootReport): string[] {
  const header = [
    ...["", "admitted", "denied", "failed", "tokens used", "of the limit %", "overshoot"],
    ...["errors of estimates", "overshoot ≤ errors", "unreserved", "unaccounted"],
  ];
  const rows = variantNames.flatMap((variant) =>
    admissions.map((admission) => {
      const result = variants[variant][admission];
      return [
        `${titles[variant]}: ${words[admission]}`,
        ...[result.admittedRequests, result.deniedRequests, result.failedRequests].map(String),
        ...[result.used, result.utilisationPercent, result.overshoot, result.estimateErrors].map(String),
        result.isBounded ? "yes" : "NO",
        ...[result.unreservedRequests, result.unaccountedRequests].map(String),
      ];
    }),
  );
  return [
    `## Overshoot: ${plan.requests} requests at once, a limit of ${plan.limit} tokens each`,
    "",
    ...columns([header, ...rows]),
    "",
  ];
}
