import type { z } from "zod";
import { knownKeys, otherKind } from "./known-keys.js";
import { formatPath, type Problem, suggestion } from "./problem.js";
import { type PolicyFile, policyFile } from "./schema/policy.js";
import type { Path } from "./yaml.js";

/** A value whose valid parts are all there and whose invalid parts are undefined. */
export type Draft<T> = T extends readonly (infer U)[]
  ? (Draft<U> | undefined)[]
  : T extends object
    ? { [K in keyof T]?: Draft<T[K]> | undefined }
    : T | undefined;

export type Shape =
  | { readonly kind: "valid"; readonly file: PolicyFile }
  /** The draft is what of the file can still be checked for sense, so that all mistakes come out at once. */
  | { readonly kind: "invalid"; readonly problems: readonly Problem[]; readonly draft: Draft<PolicyFile> };

/** Holds a parsed file against the schema. */
export function checkShape(value: unknown): Shape {
  const result = policyFile.safeParse(value);
  if (result.success) return { kind: "valid", file: result.data };
  const issues = result.error.issues.flatMap(unfold);
  return {
    kind: "invalid",
    problems: withoutEchoes(issues).flatMap((issue) => describe(issue, value)),
    draft: prune(value, issues),
  };
}

/** Of a union's complaints, those of the alternative that the value was meant as. */
function unfold(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const ofAnotherKind = ({ code, path }: z.core.$ZodIssue) =>
    path.length === 0 && (code === "invalid_type" || code === "invalid_value");
  const meant = issue.errors.find((errors) => !errors.some(ofAnotherKind));
  return meant?.flatMap((inner) => unfold({ ...inner, path: [...issue.path, ...inner.path] })) ?? [issue];
}

/** That a mapping lacks something is no news where one of its keys is misspelt. */
function withoutEchoes(issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
  const place = (issue: z.core.$ZodIssue) => formatPath(pathOf(issue));
  const misspelt = new Set(issues.filter(({ code }) => code === "unrecognized_keys").map(place));
  return issues.filter((issue) => issue.code !== "custom" || !misspelt.has(place(issue)));
}

function describe(issue: z.core.$ZodIssue, root: unknown): Problem[] {
  const path = pathOf(issue);
  const found = valueAt(root, path);
  const but = isSecret(path) ? "" : `, not ${show(found)}`;
  if (issue.code === "invalid_union" && "options" in issue)
    return [{ path, message: notOneOf(issue.options ?? [], found) }];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `unknown key "${key}"${suggestion(key, knownKeys(path, found)) || otherKind(key, path)}`,
      }));
    case "invalid_type": {
      if (found === undefined) return [{ path, message: "is missing" }];
      const quotes = issue.expected === "string" && typeof found === "number" ? "; put it in quotes" : "";
      return [{ path, message: (isSpecific(issue) ? issue.message : wanted(issue.expected)) + but + quotes }];
    }
    case "invalid_value":
      return [{ path, message: notOneOf(issue.values, found) }];
    case "invalid_key":
      return [{ path, message: issue.issues[0]?.message ?? issue.message }];
    default:
      return [{ path, message: typeof found === "object" ? issue.message : issue.message + but }];
  }
}

function notOneOf(allowed: readonly unknown[], found: unknown): string {
  if (found === undefined) return "is missing";
  const values = allowed.map(String);
  const near = typeof found === "string" && !values.includes(found) ? suggestion(found, values) : "";
  return `must be ${values.length > 1 ? "one of " : ""}${values.join(", ")}, not ${show(found)}${near}`;
}

/** Where a key or a password may stand in clear, though none should. Messages go to terminals and logs. */
function isSecret([room, at, part, ...rest]: Path): boolean {
  if (room === "store") return !harmless.has(String(at));
  return room === "applications" && part === "credentials" && rest.at(-1) !== "environment";
}

/** The parts of a store that nobody writes a password into. */
const harmless = new Set(["kind", "mode", "onError", "deadlineMs", "prefix", "maxCounters"]);

/** Zod's own texts start with "Invalid"; the schema's do not. */
function isSpecific(issue: z.core.$ZodIssue): boolean {
  return !issue.message.startsWith("Invalid");
}

function wanted(type: string): string {
  const names: Record<string, string> = {
    object: "a mapping",
    record: "a mapping",
    array: "a list",
    int: "a whole number",
    number: "a number",
    string: "text",
    boolean: "true or false",
  };
  return `must be ${names[type] ?? type}`;
}

function show(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function pathOf(issue: z.core.$ZodIssue): Path {
  return issue.path.map((part) => (typeof part === "number" ? part : String(part)));
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (value as Record<string | number, unknown> | undefined)?.[part],
    root,
  );
}

function prune(value: unknown, issues: readonly z.core.$ZodIssue[]): Draft<PolicyFile> {
  const draft: Record<string, unknown> = { root: structuredClone(value) };
  for (const issue of issues) {
    if (issue.code === "unrecognized_keys") continue;
    const path = ["root", ...pathOf(issue)];
    const parent = valueAt(draft, path.slice(0, -1)) as Record<string | number, unknown> | undefined;
    const last = path[path.length - 1];
    if (last !== undefined && typeof parent === "object" && parent !== null) parent[last] = undefined;
  }
  return (draft.root ?? {}) as Draft<PolicyFile>;
}
