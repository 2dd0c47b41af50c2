import type { z } from "zod";
import { type Problem, suggestion } from "./problem.js";
import { type PolicyFile, policyFile, policyJsonSchema } from "./schema.js";
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
    problems: issues.flatMap((issue) => describe(issue, value)),
    draft: prune(value, issues),
  };
}

function describe(issue: z.core.$ZodIssue, root: unknown): Problem[] {
  const path = pathOf(issue);
  const found = valueAt(root, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `unknown key "${key}"${suggestion(key, knownKeys(path))}`,
      }));
    case "invalid_type":
      if (found === undefined) return [{ path, message: "is missing" }];
      return [{ path, message: isSpecific(issue) ? issue.message : wrongType(issue.expected, found) }];
    case "invalid_value": {
      if (found === undefined) return [{ path, message: "is missing" }];
      const values = issue.values.map(String);
      const message = `must be ${values.length === 1 ? "" : "one of "}${values.join(", ")}, not ${show(found)}`;
      return [{ path, message: message + suggestion(String(found), values) }];
    }
    case "invalid_key":
      return [{ path, message: issue.issues[0]?.message ?? issue.message }];
    default:
      return [
        { path, message: typeof found === "object" ? issue.message : `${issue.message}, not ${show(found)}` },
      ];
  }
}

/** Zod's own texts start with "Invalid"; the schema's do not. */
function isSpecific(issue: z.core.$ZodIssue): boolean {
  return !issue.message.startsWith("Invalid");
}

function wrongType(expected: string, found: unknown): string {
  const names: Record<string, string> = {
    object: "a mapping",
    record: "a mapping",
    array: "a list",
    int: "a whole number",
    number: "a number",
    string: "text",
  };
  const quote = expected === "string" && typeof found === "number" ? "; put it in quotes" : "";
  return `must be ${names[expected] ?? expected}, not ${show(found)}${quote}`;
}

function show(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : JSON.stringify(value);
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

/** The keys that the schema has at a path. */
function knownKeys(path: Path): string[] {
  let node: SchemaNode | undefined = policyJsonSchema() as SchemaNode;
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
