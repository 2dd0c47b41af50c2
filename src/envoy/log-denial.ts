import type { Denial } from "../decision/decision.js";
import type { Logger } from "../telemetry/logger.js";

/** A denial, or what would have been one but for shadow mode; what is allowed is for the access log. */
export function logDenial(log: Logger, denial: Denial, about: object, isEnforced: boolean): void {
  const limit = denial.kind === "limit" ? denial.binding.charge.limit : null;
  const reason = { deniedBy: limit?.level ?? denial.kind, limit: limit?.id };
  log.debug({ ...reason, ...about }, isEnforced ? "denied" : "would deny");
}
