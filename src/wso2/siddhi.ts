import { parseWindow } from "../policy/window.js";
import { formatPer, readPeriod } from "./time.js";

/** What a custom rule's Siddhi query says, in the form that WSO2 documents. */
export interface SiddhiRule {
  readonly requests: number;
  /** A window, such as `5 seconds`. */
  readonly per: string;
  /** Which requests it is for, as written; null for all. */
  readonly condition: string | null;
}

const eligible = /\bselect\b([^;]*?)\bas\s+isEligible\b/i;
const window = /#\s*throttler\s*:\s*timeBatch\s*\(\s*(\d{1,5})\s+([a-z]+)\s*(?:,\s*0\s*)?\)/i;
const count = /\(?\s*\bcount\s*\(\s*\w*\s*\)\s*(>=|>)\s*(\d{1,15})L?\s*\)?\s*as\s+isThrottled\b/i;

/**
 * Reads `FROM RequestStream SELECT …, (…) AS isEligible, … as throttleKey INSERT INTO EligibilityStream; FROM
 * EligibilityStream[isEligible==true]#throttler:timeBatch(1 min) SELECT throttleKey, (count(userId) >= 5) as
 * isThrottled, …`; null for anything else.
 */
export function readSiddhi(query: string): SiddhiRule | null {
  const [, columns] = eligible.exec(query) ?? [];
  const [, length = "", unit = ""] = window.exec(query) ?? [];
  const [, operator, most] = count.exec(query) ?? [];
  const period = readPeriod(unit);
  if (columns === undefined || !period || most === undefined) return null;
  const per = formatPer(Number(length), period);
  const requests = Number(most) + (operator === ">" ? 1 : 0);
  if (parseWindow(per) === null || requests === 0) return null;
  const condition = unwrapped(lastColumn(columns));
  return { requests, per, condition: isAlwaysTrue(condition) ? null : condition };
}

/** What stands behind the last comma that is in no parentheses. */
function lastColumn(columns: string): string {
  let depth = 0;
  for (let index = columns.length - 1; index >= 0; index--) {
    const character = columns[index];
    if (character === ")") depth++;
    else if (character === "(") depth--;
    else if (character === "," && depth === 0) return columns.slice(index + 1);
  }
  return columns;
}

/** Without parentheses around all of it. */
function unwrapped(expression: string): string {
  const text = expression.replace(/\s+/g, " ").trim();
  return enclosesAll(text) ? unwrapped(text.slice(1, -1)) : text;
}

/** Whether the parenthesis at the start is closed by the one at the end. */
function enclosesAll(text: string): boolean {
  let depth = 0;
  for (const [index, character] of text.split("").entries()) {
    if (character === "(") depth++;
    else if (character === ")") depth--;
    if (depth === 0) return index > 0 && index === text.length - 1;
  }
  return false;
}

function isAlwaysTrue(expression: string): boolean {
  return /^(true|not ?\(? ?\w+ is null ?\)?)$/i.test(expression);
}
