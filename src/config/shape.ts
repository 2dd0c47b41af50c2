import type { z } from "zod";
import { formatPath, type Problem, suggestion } from "./problem.js";
import { type PolicyFile, policyFile, policyJsonSchema } from "./schema/policy.js";
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
  const { issues } = result.error;
  return {
    kind: "invalid",
    problems: withoutEchoes(issues).flatMap((issue) => describe(issue, value)),
    draft: prune(value, issues),
  };
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
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `unknown key "${key}"${suggestion(key, knownKeys(path))}`,
      }));
    case "invalid_type": {
      if (found === undefined) return [{ path, message: "is missing" }];
      const quotes = issue.expected === "string" && typeof found === "number" ? "; put it in quotes" : "";
      return [{ path, message: (isSpecific(issue) ? issue.message : wanted(issue.expected)) + but + quotes }];
    }
    case "invalid_value": {
      if (found === undefined) return [{ path, message: "is missing" }];
      const values = issue.values.map(String);
      const near = typeof found === "string" && !values.includes(found) ? suggestion(found, values) : "";
      return [
        { path, message: `must be ${values.length > 1 ? "one of " : ""}${values.join(", ")}${but}${near}` },
      ];
    }
    case "invalid_key":
      return [{ path, message: issue.issues[0]?.message ?? issue.message }];
    default:
      return [{ path, message: typeof found === "object" ? issue.message : issue.message + but }];
  }
}

/** Where a key may stand in clear, though only its hash should. Messages go to terminals and logs. */
function isSecret([room, , part, ...rest]: Path): boolean {
  return room === "applications" && part === "credentials" && rest.at(-1) !== "environment";
}

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

interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  additionalProperties?: SchemaNode | false;
}

let schema: SchemaNode | undefined;

/** The keys that the schema has at a path. */
function knownKeys(path: Path): string[] {
  schema ??= policyJsonSchema() as SchemaNode;
  let node: SchemaNode | undefined = schema;
  for (const part of path) {
    if (typeof part === "number") node = node?.items;
    else node = node?.properties?.[part] ?? (node?.additionalProperties || undefined);
  }
  return Object.keys(node?.properties ?? {});
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
