import type { ConditionEntry } from "../config/schema/limit.js";
import { headerName } from "../config/schema/text.js";
import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import { parseIpRange } from "../policy/ip-range.js";

/** Reads a condition of a conditional group; undefined, and noted, where weir cannot look at that. */
export function readCondition(condition: Field, notes: Notes): ConditionEntry | undefined {
  const read = readKind(condition, notes);
  return read && condition.at("invertCondition").flag() ? { ...read, invert: true } : read;
}

function readKind(condition: Field, notes: Notes): ConditionEntry | undefined {
  const type = condition.at("type");
  switch (
    type
      .text()
      ?.toUpperCase()
      .replace(/CONDITION$/, "")
  ) {
    case "IP":
      return readIp(part(condition, "ipCondition"), notes);
    case "HEADER": {
      const header = part(condition, "headerCondition");
      return readPattern(header.at("headerName"), header.at("headerValue"), "header", notes);
    }
    case "QUERYPARAMETER": {
      const query = part(condition, "queryParameterCondition");
      return readPattern(query.at("parameterName"), query.at("parameterValue"), "query", notes);
    }
    case "JWTCLAIMS": {
      const claim = part(condition, "jwtClaimsCondition");
      return readPattern(claim.at("claimUrl"), claim.at("attribute"), "claim", notes);
    }
    default:
      notes.add(type, `conditions of type "${type.text() ?? ""}" are not known`);
      return undefined;
  }
}

/** Some versions have what belongs to a type in a part of its own, some have it beside the type. */
function part(condition: Field, key: string): Field {
  const own = condition.at(key);
  return own.isMapping ? own : condition;
}

function readIp(ip: Field, notes: Notes): ConditionEntry | undefined {
  const isRange = ip.at("ipConditionType").text()?.toUpperCase() === "IPRANGE";
  const range = isRange
    ? readIpRange(ip, `${ip.at("startingIP").text()}-${ip.at("endingIP").text()}`, notes)
    : readIpRange(ip.at("specificIP"), ip.at("specificIP").text() ?? "", notes);
  return range === undefined ? undefined : { ip: range };
}

/** An address or range that weir can read; undefined, and noted, where it cannot. */
export function readIpRange(at: Field, range: string, notes: Notes): string | undefined {
  if (parseIpRange(range) !== null) return range;
  notes.add(at, `"${range}" is no IP address or range`);
  return undefined;
}

function readPattern(
  name: Field,
  value: Field,
  kind: "header" | "query" | "claim",
  notes: Notes,
): ConditionEntry | undefined {
  const key = name.text();
  if (key === undefined || (kind === "header" && !headerName.safeParse(key).success)) {
    notes.add(name, `"${key ?? ""}" is no name of a ${kind}`);
    return undefined;
  }
  const matches = value.text() ?? "";
  if (!isPatternOfBoth(matches)) {
    notes.add(
      value,
      `"${matches}" is a regular expression of Java that means nothing, or something else, here`,
    );
    return undefined;
  }
  return { [kind]: key, matches };
}

/** What Java reads otherwise than JavaScript without its being a mistake: `\Q…\E`, `\p{L}`, `[a&&b]`. */
const javaOnly = /\\[QEAzZGhHRXpPae]|\[[^\]]*(?:&&|\[)/;

function isPatternOfBoth(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return !javaOnly.test(pattern);
  } catch {
    return false;
  }
}
