import { claimText } from "./condition.js";
import { boundedKey } from "./key-length.js";
import { member } from "./request.js";
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
  "header.NAME",
  "claim.NAME",
] as const;

/**
 * The counter key of a request under a template, or null when the rule does not apply to the request: no API or
 * resource matched and the template names it. Requests that lack a part share its place: all without credentials
 * are the application and the user `anonymous`, all without a header have the empty one. So leaving something out
 * escapes nothing.
 */
export type KeyTemplate = (subject: Subject) => string | null;

/** Why a template can't be used, worded for the policy's author. */
export interface TemplateError {
  readonly error: string;
}

type Variable = (subject: Subject) => string | null;

/** Compiles `{user}:{api}`. Unknown variables, unbalanced braces and `{a}{b}` without separator are errors. */
export function compileKeyTemplate(text: string): KeyTemplate | TemplateError {
  const parts = text.split(/\{([^{}]*)\}/);
  const literals = parts.filter((_, index) => index % 2 === 0);
  if (literals.some((literal) => /[{}]/.test(literal))) return { error: `unbalanced braces in "${text}"` };
  if (literals.slice(1, -1).includes("")) {
    return {
      error: `put a separator between the variables of "${text}", so that no two requests share a key by accident`,
    };
  }
  const variables: Variable[] = [];
  for (const name of parts.filter((_, index) => index % 2 === 1)) {
    const variable = compileVariable(name);
    if (!variable) {
      return { error: `unknown variable {${name}}; known: ${keyVariables.map((v) => `{${v}}`).join(", ")}` };
    }
    variables.push(variable);
  }
  const escapeValue = escaper(literals);
  return (subject) => {
    let key = literals[0] ?? "";
    for (const [index, variable] of variables.entries()) {
      const value = variable(subject);
      if (value === null) return null;
      key += escapeValue(value) + literals[index + 1];
    }
    return key;
  };
}

/** Escapes in values what the literals of the template contain: different values never render to one key. */
function escaper(literals: readonly string[]): (value: string) => string {
  const characters = [...new Set(`%${literals.join("")}`)];
  const reserved = new RegExp(
    `[${characters.map((c) => `\\u{${c.codePointAt(0)?.toString(16)}}`).join("")}]`,
    "gu",
  );
  const hex = (character: string) => `%${character.codePointAt(0)?.toString(16).padStart(6, "0")}`;
  return (value) => boundedKey(value).replace(reserved, hex);
}

const simple: Readonly<Record<string, Variable>> = {
  api: ({ api }) => api?.ref ?? null,
  version: ({ api }) => api?.version ?? null,
  resource: ({ resource }) => resource?.name ?? null,
  application: ({ caller }) => caller?.application.name ?? ANONYMOUS,
  user: ({ caller }) => caller?.user ?? ANONYMOUS,
  environment: ({ environment }) => environment,
  clientIp: ({ clientIp }) => clientIp,
};

function compileVariable(name: string): Variable | null {
  if (Object.hasOwn(simple, name)) return simple[name] ?? null;
  const [, source, key = ""] = /^(header|claim)\.(.+)$/.exec(name) ?? [];
  if (source === "header") {
    const header = key.toLowerCase();
    return ({ request }) => request.headers.get(header) ?? "";
  }
  return source === "claim" ? ({ claims }) => claimText(member(claims, key)) ?? "" : null;
}

const ANONYMOUS = "anonymous";

/** The headers that a template reads, in lower case. */
export function headersOfTemplate(text: string): string[] {
  return [...text.matchAll(/\{header\.([^{}]+)\}/g)].map(([, name = ""]) => name.toLowerCase());
}
