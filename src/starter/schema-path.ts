import { dirname, relative, resolve, sep } from "node:path";

/**
 * The path from a policy to its schema, as editors read it. Null where one of them is not in the project: on another
 * machine the way would be another.
 */
export function schemaPath(policyFile: string, schemaFile: string, project: string): string | null {
  const policy = resolve(project, policyFile);
  if (![policy, schemaFile].every((file) => file.startsWith(resolve(project) + sep))) return null;
  const path = relative(dirname(policy), schemaFile).replaceAll(sep, "/");
  if (/\s/.test(path)) return null;
  return path.startsWith("../") ? path : `./${path}`;
}
