import type { PolicyFile } from "../config/schema/policy.js";
import { label } from "../config/schema/text.js";
import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import { translateKeyTemplate } from "./key-template.js";
import { checkLimit } from "./limit.js";
import { readSiddhi } from "./siddhi.js";

type CustomEntry = NonNullable<PolicyFile["custom"]>[number];

/** Makes the custom rules of a policy; of several with one name, the first. */
export function translateCustomRules(rules: readonly Field[], notes: Notes): CustomEntry[] {
  const taken = new Set<string>();
  return rules.flatMap((rule) => {
    const at = rule.at("policyName");
    const name = label.safeParse(at.text()).data;
    if (name === undefined) {
      notes.reject(at, "the custom rule has no name that could be one");
      return [];
    }
    if (taken.has(name)) {
      notes.add(at, `another custom rule "${name}" is taken`);
      return [];
    }
    taken.add(name);
    return translateCustomRule(name, rule, notes) ?? [];
  });
}

function translateCustomRule(name: string, rule: Field, notes: Notes): CustomEntry | undefined {
  const key = translateKeyTemplate(rule.at("keyTemplate"), notes);
  if (key === undefined) return undefined;
  const query = rule.at("siddhiQuery");
  const read = readSiddhi(query.text() ?? "");
  if (!read) {
    notes.add(query, "the query is not of the form that WSO2 documents: write the rule under custom by hand");
    return undefined;
  }
  const { requests, per, condition } = read;
  const limit = checkLimit(query, { requests, per }, notes);
  if (!limit) return undefined;
  if (condition === null) return { name, key, limits: [limit] };
  const forAll = `{ name: ${name}, key: "${key}", limits: [{ requests: ${requests}, per: ${per} }] }`;
  notes.add(
    query,
    `it is for some requests alone (${condition}), a rule here for all that have a key: it is left out; for all it would be ${forAll}`,
  );
  return undefined;
}
