import { WeirError } from "../errors.js";
import { API_KEY_PLACEHOLDER } from "../identity/api-key.js";
import type { Policy } from "../policy/policy.js";
import { checkSense } from "./checks/sense.js";
import { warnOfSecrets } from "./checks/store.js";
import { compilePolicy } from "./compile.js";
import { formatPath, inOneLine, type Problem } from "./problem.js";
import type { PolicyFile } from "./schema/policy.js";
import { checkShape } from "./shape.js";
import { type Document, parseYaml, YamlError } from "./yaml.js";

/** A policy file without mistakes. */
export interface CheckedPolicy {
  /** The file as written: settings of the service stand there too. */
  readonly file: PolicyFile;
  /** What the author should know though it stops nothing, one line each. */
  readonly warnings: readonly string[];
}

export interface LoadedPolicy extends CheckedPolicy {
  readonly policy: Policy;
}

/** Makes a policy of the text of a policy file. Throws POLICY_INVALID as {@link checkPolicy} does. */
export function parsePolicy(text: string, name: string): LoadedPolicy {
  const checked = checkPolicy(text, name);
  return { ...checked, policy: compilePolicy(checked.file) };
}

/**
 * Reads the text of a policy file. Throws POLICY_INVALID with every mistake at once, one a line:
 * `policy.yaml:12: apis[0].tier: unknown tier "Gld"; did you mean "Gold"?`.
 *
 * @param name what the messages call the file
 */
export function checkPolicy(text: string, name: string): CheckedPolicy {
  const document = readDocument(text, name);
  const shape = checkShape(document.value);
  const problems =
    shape.kind === "valid" ? checkSense(shape.file) : [...shape.problems, ...checkSense(shape.draft)];
  if (problems.length > 0 || shape.kind !== "valid") {
    const lines = inOrder(problems, document).map((line) => `${name}:${line}`);
    const count = lines.length === 1 ? "1 mistake" : `${lines.length} mistakes`;
    throw new WeirError("POLICY_INVALID", `${count} in ${name}\n${lines.join("\n")}`);
  }
  const { file } = shape;
  const warnings = inOrder(findWarnings(file), document).map((line) => `${name}:${line}`);
  return { file, warnings };
}

function readDocument(text: string, name: string): Document {
  try {
    return parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new WeirError(
      "POLICY_INVALID",
      `1 mistake in ${name}\n${name}:${error.line}: ${inOneLine(error.message)}`,
    );
  }
}

function inOrder(problems: readonly Problem[], document: Document): string[] {
  return problems
    .map(({ path, message }) => ({ line: document.lineOf(path), where: formatPath(path), message }))
    .sort((a, b) => a.line - b.line)
    .map(({ line, where, message }) => `${line}: ${inOneLine(`${where || "the file"}: ${message}`)}`);
}

function findWarnings(file: PolicyFile): Problem[] {
  const { apis = [], applications = [], unmatched = "allow" } = file;
  const evadable = apis.flatMap(({ match }, i) => {
    if (unmatched === "deny" || !match.hosts || match.hosts.includes("*")) return [];
    const message =
      "requests that name another host meet none of this API's limits: say unmatched: deny, or see that Envoy's " +
      "domains let no other host through";
    return [{ path: ["apis", i, "match", "hosts"], message }];
  });
  const free = apis.flatMap((api, i) => {
    if (api.ai?.onDisconnect !== "zero") return [];
    const message =
      "zero charges nothing for an answer whose client hangs up before its end, much as it has read";
    return [{ path: ["apis", i, "ai", "onDisconnect"], message }];
  });
  const placeholders = applications.flatMap(({ credentials = [] }, i) =>
    credentials.flatMap(({ apiKey }, k) => {
      if (apiKey !== API_KEY_PLACEHOLDER) return [];
      const message = "is a placeholder: no key is known by it; `weir hash-key` makes the hash of a key";
      return [{ path: ["applications", i, "credentials", k, "apiKey"], message }];
    }),
  );
  return [...evadable, ...free, ...placeholders, ...warnOfSecrets(file)];
}
