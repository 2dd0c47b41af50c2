import type { Problem } from "../problem.js";
import { checkAi } from "./ai.js";
import { checkAiLimits } from "./ai-limits.js";
import { checkCredentials } from "./credentials.js";
import { checkEffects } from "./effects.js";
import { checkLimits } from "./limits.js";
import { checkModels } from "./models.js";
import type { File } from "./names.js";
import { checkReferences } from "./references.js";
import { checkStore } from "./store.js";

/** Every mistake in what a file says, as far as its valid parts go. What cannot take effect is a mistake. */
export function checkSense(file: File): Problem[] {
  return [
    ...checkReferences(file),
    ...checkCredentials(file),
    ...checkLimits(file),
    ...checkEffects(file),
    ...checkAi(file),
    ...checkAiLimits(file),
    ...checkModels(file),
    ...checkStore(file),
  ];
}
