import type { Subject } from "./subject.js";

/** The parts of a request that a custom rule can count by. */
export const keyVariables = [
  "api",
  "version",
  "resource",
  "application",
  "user",
  "environment",
  "clientIp",
] as const;
export type KeyVariable = (typeof keyVariables)[number];

/**
 * The counter key of a request under a template, or null when the rule does not apply to the request: no API or
 * resource matched and the template names it. All requests without credentials share the application and the
 * user `anonymous`, so that leaving a credential out escapes nothing.
 */
export type KeyTemplate = (subject: Subject) => string | null;

/** Why a template can't be used, worded for the policy's author. */
export interface TemplateError {
  readonly error: string;
}

/** Compiles `{user}:{api}`. Unknown variables, unbalanced braces and `{a}{b}` without separator are errors. */
export function compileKeyTemplate(text: string): KeyTemplate | TemplateError {
  const parts = text.split(/\{([^{}]*)\}/);
  const literals = parts.filter((_, index) => index % 2 === 0);
  const names = parts.filter((_, index) => index % 2 === 1);
  if (literals.some((literal) => /[{}]/.test(literal))) return { error: `unbalanced braces in "${text}"` };
  const unknown = names.find((name) => !(keyVariables as readonly string[]).includes(name));
  if (unknown !== undefined) {
    return { error: `unknown variable {${unknown}}; known: ${keyVariables.map((v) => `{${v}}`).join(", ")}` };
  }
  if (literals.slice(1, -1).includes("")) {
    return {
      error: `put a separator between the variables of "${text}", so that no two requests share a key by accident`,
    };
  }
  const variables = names as KeyVariable[];
  const escapeValue = escaper(literals);
  return (subject) => {
    let key = literals[0] ?? "";
    for (const [index, variable] of variables.entries()) {
      const value = variableOf(subject, variable);
      if (value === null) return null;
      key += escapeValue(value) + literals[index + 1];
    }
    return key;
  };
}

/** Escapes in values what the literals of the template contain: different values never render to one key. */
function escaper(literals: readonly string[]): (value: string) => string {
  const reserved = new Set(`%${literals.join("")}`);
  const hex = (character: string) => `%${character.codePointAt(0)?.toString(16).padStart(6, "0")}`;
  return (value) => {
    for (const character of value) {
      if (reserved.has(character)) return Array.from(value, (c) => (reserved.has(c) ? hex(c) : c)).join("");
    }
    return value;
  };
}

function variableOf(subject: Subject, variable: KeyVariable): string | null {
  switch (variable) {
    case "api":
      return subject.api?.ref ?? null;
    case "version":
      return subject.api?.version ?? null;
    case "resource":
      return subject.resource?.name ?? null;
    case "application":
      return subject.caller?.application.name ?? ANONYMOUS;
    case "user":
      return subject.caller?.user ?? ANONYMOUS;
    case "environment":
      return subject.environment;
    case "clientIp":
      return subject.clientIp;
    default:
      return variable satisfies never;
  }
}

const ANONYMOUS = "anonymous";
