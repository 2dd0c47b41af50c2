import { takesUsageOption } from "../include-usage.js";
import type { Problem } from "../problem.js";
import type { AiEntry } from "../schema/ai.js";
import type { Draft } from "../shape.js";
import type { Path } from "../yaml.js";
import type { File } from "./names.js";

/** What an AI API says about its usage must go with whose responses it has, and with when they are charged. */
export function checkAi({ apis = [] }: File): Problem[] {
  return apis.flatMap((api, i) => {
    if (!api?.ai) return [];
    const path = ["apis", i, "ai"];
    return [
      ...checkUsage(api.ai, path),
      ...checkIncludeUsage(api.ai, path),
      ...checkReservation(api.ai, path),
    ];
  });
}

function checkUsage(ai: Draft<AiEntry>, path: Path): Problem[] {
  const hasUsage = Object.hasOwn(ai, "usage");
  if (ai.provider === "custom" && !hasUsage) {
    return [
      { path, message: "has provider: custom without usage: where do its responses tell what they used?" },
    ];
  }
  if (!hasUsage || isUnreadable(ai, "provider") || ai.provider === "custom") return [];
  return [{ path: [...path, "usage"], message: "has no effect without provider: custom" }];
}

function checkIncludeUsage({ provider, includeUsage }: Draft<AiEntry>, path: Path): Problem[] {
  if (includeUsage === undefined || includeUsage === "off") return [];
  if (takesUsageOption(provider) !== "refused") return [];
  const message = `would have requests refused: ${provider} tells its usage unasked, and takes no stream_options.include_usage`;
  return [{ path: [...path, "includeUsage"], message }];
}

function checkReservation(ai: Draft<AiEntry>, path: Path): Problem[] {
  if (ai.admission === "reserve" || isUnreadable(ai, "admission")) return [];
  const fromReservation = (["onMissingUsage", "onDisconnect"] as const)
    .filter((part) => ai[part] === "reservation")
    .map((part) => ({
      path: [...path, part],
      message: "there is no reservation without admission: reserve; take estimate",
    }));
  if (!Object.hasOwn(ai, "reservation")) return fromReservation;
  const message = "has no effect without admission: reserve";
  return [...fromReservation, { path: [...path, "reservation"], message }];
}

/** Whether the part is there, but is nothing that could be checked. */
function isUnreadable(ai: Draft<AiEntry>, part: keyof AiEntry): boolean {
  return Object.hasOwn(ai, part) && ai[part] === undefined;
}
