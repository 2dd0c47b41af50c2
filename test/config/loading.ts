import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parsePolicy } from "../../src/config/load.js";
import { WeirError } from "../../src/errors.js";

export const fixtures = "test/config/fixtures";
export const readFixture = (name: string) => readFileSync(`${fixtures}/${name}`, "utf8");

/** The mistakes of a policy file as they are told, one a line, without the name of the file before them. */
export function mistakesIn(text: string): string[] {
  const name = "policy.yaml";
  const error = refusalOf(text, name);
  if (error === null) return [];
  const [summary = "", ...lines] = error.message.split("\n");
  assert.equal(summary, `${lines.length} ${lines.length === 1 ? "mistake" : "mistakes"} in ${name}`);
  return lines.map((line) => {
    assert.ok(line.startsWith(`${name}:`), line);
    return line.slice(name.length + 1);
  });
}

/** Null for a file without mistakes. Anything thrown but the refusal of the policy fails. */
export function refusalOf(text: string, name = "policy.yaml"): WeirError | null {
  try {
    parsePolicy(text, name);
    return null;
  } catch (error) {
    assert.ok(error instanceof WeirError, String(error));
    assert.equal(error.code, "POLICY_INVALID");
    return error;
  }
}
