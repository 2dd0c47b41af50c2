import type { PolicyFile } from "../config/schema/policy.js";
import { label } from "../config/schema/text.js";
import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import type { TranslatedApi } from "./api.js";
import type { TranslatedApplication } from "./application.js";
import { readIpRange } from "./condition.js";

export type DenyEntry = NonNullable<PolicyFile["deny"]>[number];

export interface DenyOptions {
  readonly apis: readonly TranslatedApi[];
  readonly applications: readonly TranslatedApplication[];
}

/** Makes a rule of a deny policy (a blocking condition, as WSO2 called it); undefined, and noted, where it is none. */
export function translateDeny(condition: Field, options: DenyOptions, notes: Notes): DenyEntry | undefined {
  const status = condition.either("conditionStatus", "status");
  if (status.flag() === false) {
    notes.add(status, "the deny policy is switched off and left out");
    return undefined;
  }
  const type = condition.at("conditionType");
  const value = condition.at("conditionValue").unpacked();
  switch (type.text()?.toUpperCase().replace("_", "")) {
    case "API":
      return denyApi(value, options, notes);
    case "APPLICATION":
      return denyApplication(value, options, notes);
    case "USER":
      return denyUser(value, notes);
    case "SUBSCRIPTION":
      return denySubscription(value, options, notes);
    case "IP":
    case "IPRANGE":
      return denyIp(value, notes);
    default:
      notes.add(type, `deny policies of type "${type.text() ?? ""}" are not known: it is left out`);
      return undefined;
  }
}

function denyApi(value: Field, { apis }: DenyOptions, notes: Notes): DenyEntry | undefined {
  const text = value.text() ?? "";
  const api = apis.find(({ context }) => context === text);
  if (api) return { api: api.ref };
  notes.add(value, `"${text}" is the context of no exported API: the deny policy is left out`);
  return undefined;
}

function denyApplication(value: Field, { applications }: DenyOptions, notes: Notes): DenyEntry | undefined {
  const text = value.text() ?? "";
  const application = applications.find(({ owner, original }) => `${owner}:${original}` === text);
  if (application) return { application: application.entry.name };
  notes.add(value, `"${text}" is no exported application and its owner: the deny policy is left out`);
  return undefined;
}

function denyUser(value: Field, notes: Notes): DenyEntry | undefined {
  const user = label.safeParse(value.text()).data;
  if (user === undefined) {
    notes.add(value, "names no user: the deny policy is left out");
    return undefined;
  }
  notes.add(value, `denies tokens whose sub is "${user}": see that WSO2's tokens call the user so`);
  return { user };
}

/** `/orders/v1:v1:ann-mobile:PRODUCTION`. */
function denySubscription(value: Field, options: DenyOptions, notes: Notes): DenyEntry | undefined {
  const text = value.text() ?? "";
  for (const api of options.apis) {
    for (const { owner, original, entry } of options.applications) {
      const start = `${api.context}:${api.original.split("/")[1]}:${owner}-${original}`;
      const [, environment] = text.startsWith(start)
        ? (/^(?::(PRODUCTION|SANDBOX))?$/.exec(text.slice(start.length)) ?? [])
        : [];
      const isThis = text === start || environment !== undefined;
      if (!isThis) continue;
      const of =
        environment === undefined
          ? {}
          : ({ environment: environment === "SANDBOX" ? "sandbox" : "production" } as const);
      return { api: api.ref, application: entry.name, ...of };
    }
  }
  notes.add(value, `"${text}" is no subscription of an exported application: the deny policy is left out`);
  return undefined;
}

function denyIp(value: Field, notes: Notes): DenyEntry | undefined {
  const start = value.either("startingIp", "startingIP");
  const single = value.isMapping ? value.either("fixedIp", "specificIp") : value;
  const range = start.isThere
    ? readIpRange(value, `${start.text()}-${value.either("endingIp", "endingIP").text()}`, notes)
    : readIpRange(single, single.text() ?? "", notes);
  if (range === undefined) {
    notes.add(value, "the deny policy is left out");
    return undefined;
  }
  if (start.isThere)
    notes.add(value, "WSO2 lets the first and the last address through, weir denies them too");
  notes.add(
    value,
    "WSO2 believes any X-Forwarded-For; set trustedProxies to how many proxies stand in front of Envoy",
  );
  return { ip: range, ...(value.at("invert").flag() && { invert: true }) };
}
