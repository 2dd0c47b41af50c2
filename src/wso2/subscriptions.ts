import { UNLIMITED } from "../config/tier-sets.js";
import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import type { ApplicationOptions } from "./application.js";
import type { DenyEntry } from "./deny.js";

export interface Subscriptions {
  /** The tier of each API, by its reference. */
  readonly subscriptions: Readonly<Record<string, string>>;
  readonly deny: readonly DenyEntry[];
  /** Whether an AI API is among them. */
  readonly tellsTokens: boolean;
}

/** The subscriptions of one application. */
export function translateSubscriptions(
  data: Field,
  application: string,
  { tiers, apis }: ApplicationOptions,
  notes: Notes,
): Subscriptions {
  const subscriptions: Record<string, string> = {};
  const deny: DenyEntry[] = [];
  let tellsTokens = false;
  for (const subscription of data.at("subscribedAPIs").items()) {
    const id = subscription.either("apiId", "productId");
    const name = `${id.either("apiName", "apiProductName").text()}/${id.at("version").text()}`;
    const api = apis.find(({ original }) => original === name);
    if (!api) {
      notes.add(
        subscription,
        `there is no API ${name} among the exported ones: the subscription is left out`,
      );
      continue;
    }
    if (Object.hasOwn(subscriptions, api.ref)) continue;
    const status = blockOf(subscription.at("subStatus"), notes);
    if (status === "pending") continue;
    if (status)
      deny.push({ api: api.ref, application, ...(status === "all" ? {} : { environment: status }) });
    const at = subscription.either("throttlingPolicy", "tier");
    const tier = at.isMapping ? at.at("name") : at;
    const { tellsTokens: told } = api;
    subscriptions[api.ref] = tiers.refer({ level: "subscription", at: tier, tellsTokens: told }) ?? UNLIMITED;
    tellsTokens ||= told;
  }
  return { subscriptions, deny, tellsTokens };
}

/** What a subscription's state denies: nothing, production alone, all, or it is none yet. */
function blockOf(status: Field, notes: Notes): "production" | "all" | "pending" | undefined {
  switch (status.text()?.toUpperCase() ?? "") {
    case "":
    case "UNBLOCKED":
    case "TIER_UPDATE_PENDING":
      return undefined;
    case "PROD_ONLY_BLOCKED":
      return "production";
    case "BLOCKED":
      return "all";
    default:
      notes.add(status, `a subscription that is ${status.text()} is none: it is left out`);
      return "pending";
  }
}
