import type { ApplicationEntry } from "../config/schema/application.js";
import { label } from "../config/schema/text.js";
import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import type { TranslatedApi } from "./api.js";
import { Credentials } from "./credentials.js";
import type { DenyEntry } from "./deny.js";
import { translateSubscriptions } from "./subscriptions.js";
import type { TierBook } from "./tier-book.js";

/** An application of the policy and what WSO2 calls it. */
export interface TranslatedApplication {
  readonly entry: ApplicationEntry;
  readonly owner: string;
  readonly original: string;
  /** Subscriptions that are blocked. */
  readonly deny: readonly DenyEntry[];
}

export interface ApplicationOptions {
  readonly tiers: TierBook;
  readonly apis: readonly TranslatedApi[];
}

/** Makes the applications of a policy. */
export function translateApplications(
  sources: readonly Field[],
  options: ApplicationOptions,
  notes: Notes,
): TranslatedApplication[] {
  const credentials = new Credentials(notes);
  const taken = new Set<string>();
  return sources.flatMap((data) => {
    const info = data.at("applicationInfo").isMapping ? data.at("applicationInfo") : data;
    const field = info.at("name");
    const original = label.safeParse(field.text()).data;
    if (original === undefined) {
      notes.reject(field, "the application has no name that could be one");
      return [];
    }
    const owner = info.either("owner", "subscriber").text() ?? info.at("subscriber", "name").text() ?? "";
    const name = freeName(original, owner, taken);
    if (name !== original) notes.add(field, `there is another "${original}": this one becomes "${name}"`);
    taken.add(name);
    return [translateApplication(data, info, { name, original, owner }, { ...options, credentials }, notes)];
  });
}

/** Names are unique to their owners in WSO2, and to all here. */
function freeName(name: string, owner: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  const own = `${name} (${label.safeParse(owner).data ?? "another"})`;
  return taken.has(own) ? freeName(`${own}'`, owner, taken) : own;
}

function translateApplication(
  data: Field,
  info: Field,
  names: { name: string; original: string; owner: string },
  options: ApplicationOptions & { credentials: Credentials },
  notes: Notes,
): TranslatedApplication {
  const { name, original, owner } = names;
  const { subscriptions, deny, tellsTokens } = translateSubscriptions(data, name, options, notes);
  const tier = options.tiers.refer({
    level: "application",
    at: info.either("throttlingPolicy", "tier"),
    tellsTokens,
  });
  const credentials = options.credentials.of(data, info);
  const type = info.at("tokenType");
  if (type.text()?.toUpperCase() === "OAUTH") {
    notes.add(type, "its tokens are opaque, and Envoy verifies only JWTs: have the key manager issue these");
  }
  return {
    entry: {
      name,
      ...(tier !== undefined && { tier }),
      ...(Object.keys(subscriptions).length > 0 && { subscriptions }),
      ...(credentials.length > 0 && { credentials }),
    },
    owner,
    original,
    deny,
  };
}
