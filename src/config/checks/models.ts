import { modelPattern } from "../../policy/model.js";
import { allLimits } from "../limit-lists.js";
import { formatPath, type Problem } from "../problem.js";
import { servesAi } from "./ai-limits.js";
import { type File, isUnreadable, Names } from "./names.js";

/** What a file says about models must be said once, take effect, and leave nothing free that limits on spend count. */
export function checkModels(file: File): Problem[] {
  if (isUnreadable(file, "models")) return [];
  return [...checkPatterns(file), ...checkEffect(file), ...checkUnknown(file), ...checkPrices(file)];
}

/** Upper and lower case are the same to a pattern. */
function checkPatterns({ models = {} }: File): Problem[] {
  const patterns = new Names("model");
  for (const pattern of Object.keys(models)) patterns.add(modelPattern(pattern).text, ["models", pattern]);
  return patterns.problems;
}

function checkEffect(file: File): Problem[] {
  if (!file.models || servesAi(file)) return [];
  return [{ path: ["models"], message: "has no effect: no API has an ai section" }];
}

function checkUnknown(file: File): Problem[] {
  const path = ["unknownModel"];
  if (!Object.hasOwn(file, "unknownModel")) return [];
  if (!file.models) return [{ path, message: "has no effect without models" }];
  if (file.unknownModel !== "deny" || !knowsAll(file)) return [];
  return [{ path, message: 'has no effect: no model is unknown, as "*" matches every one' }];
}

/** What has no price would cost nothing, and so be without limit. */
function checkPrices(file: File): Problem[] {
  const limits = allLimits(file).filter(({ entry }) => entry.spend !== undefined);
  const [first] = limits;
  if (!first) return [];
  const models = Object.entries(file.models ?? {});
  const unpriced = models.filter(([, entry]) => entry && !Object.hasOwn(entry, "price"));
  if (unpriced.length === models.length) {
    const message =
      'limits spend where no model has a price: give some, such as models: { "*": { price: { input: 3, output: 15 } } }';
    return limits.map(({ path }) => ({ path, message }));
  }
  const limit = `the limit on spend at ${formatPath(first.path)}`;
  const problems: Problem[] = unpriced.map(([pattern]) => ({
    path: ["models", pattern],
    message: `has no price, and would be free to ${limit}; a price may be 0`,
  }));
  if (!knowsAll(file) && !isUnreadable(file, "unknownModel") && file.unknownModel !== "deny") {
    const message = `leave all other models free to ${limit}: give "*" a price, or say unknownModel: deny`;
    problems.push({ path: ["models"], message });
  }
  return problems;
}

/** Whether every model matches a pattern. */
function knowsAll({ models = {} }: File): boolean {
  return Object.keys(models).some((pattern) => modelPattern(pattern).text === "*");
}
