import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import { compileKeyTemplate } from "../policy/key-template.js";

const variables: Readonly<Record<string, string>> = {
  $resourceKey: "{api}:{resource}",
  $userId: "{user}",
  $apiContext: "{api}",
  $apiVersion: "{version}",
  $appId: "{application}",
  $clientIp: "{clientIp}",
};

/** The same for all requests: weir serves one tenant. */
const constants = new Set(["$appTenant", "$apiTenant"]);

/** Reads `$userId:$apiContext`; undefined, and noted, where weir cannot count by that. */
export function translateKeyTemplate(template: Field, notes: Notes): string | undefined {
  const parts = (template.text() ?? "").split(":").map((part) => part.trim());
  const key: string[] = [];
  for (const part of parts) {
    if (constants.has(part)) {
      notes.add(template, `${part} is left out of the key: there is one tenant here`);
    } else if (part.startsWith("$")) {
      const variable = Object.hasOwn(variables, part) ? variables[part] : undefined;
      if (variable === undefined) {
        notes.add(template, `${part} has no counterpart${instead(part)}: the rule is left out`);
        return undefined;
      }
      key.push(variable);
    } else {
      key.push(part);
    }
  }
  const text = key.join(":");
  const compiled = compileKeyTemplate(text);
  if (typeof compiled === "function") return text;
  notes.add(template, `${compiled.error}: the rule is left out`);
  return undefined;
}

function instead(part: string): string {
  if (!part.startsWith("$customProperty.")) return "";
  return "; where a header or a claim holds the same, write {header.NAME} or {claim.NAME}";
}
