import type { Problem } from "../problem.js";
import type { AiEntry } from "../schema/ai.js";
import type { Draft } from "../shape.js";
import type { Path } from "../yaml.js";
import type { File } from "./names.js";

/** What an AI API says about its usage must go with whose responses it has. */
export function checkAi({ apis = [] }: File): Problem[] {
  return apis.flatMap((api, i) => (api?.ai ? checkUsage(api.ai, ["apis", i, "ai"]) : []));
}

function checkUsage(ai: Draft<AiEntry>, path: Path): Problem[] {
  const hasUsage = Object.hasOwn(ai, "usage");
  if (ai.provider === "custom" && !hasUsage) {
    return [
      { path, message: "has provider: custom without usage: where do its responses tell what they used?" },
    ];
  }
  const isUnreadable = Object.hasOwn(ai, "provider") && ai.provider === undefined;
  if (!hasUsage || isUnreadable || ai.provider === "custom") return [];
  return [{ path: [...path, "usage"], message: "has no effect without provider: custom" }];
}
