import type { PolicyFile } from "../config/schema/policy.js";
import { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import type { TranslatedApi } from "./api.js";
import type { TranslatedApplication } from "./application.js";
import type { TierBook } from "./tier-book.js";

export interface CallerOptions {
  readonly apis: readonly TranslatedApi[];
  readonly applications: readonly TranslatedApplication[];
  readonly tiers: TierBook;
  /** Whether a deny or custom rule asks who calls. */
  readonly asksForCaller: boolean;
}

/** How callers are known, and what becomes of those who are not. */
export function translateCallers(
  { apis, applications, tiers, asksForCaller }: CallerOptions,
  notes: Notes,
): Pick<PolicyFile, "identity" | "anonymous" | "anonymousTier"> {
  const open = apis.flatMap((api) => api.open ?? [])[0];
  const tellsTokens = apis.some((api) => api.tellsTokens);
  const tier = open && openTier(open, tiers, tellsTokens, notes);
  const hasCredentials = applications.some(({ entry }) => entry.credentials !== undefined);
  const readsClaims = tiers.readsClaims;
  if (applications.length === 0 && apis[0]) {
    notes.add(
      apis[0].field,
      "no application is exported: all requests pass as anonymous, under no subscription's limits",
    );
  }
  return {
    ...((hasCredentials || readsClaims || asksForCaller) && { identity: [{ jwt }] }),
    ...(hasCredentials && !open && { anonymous: "deny" as const }),
    ...(tier !== undefined && { anonymousTier: tier }),
  };
}

/** The claims of WSO2's tokens, in the metadata where the README has Envoy put them. */
const jwt = {
  metadata: ["envoy.filters.http.jwt_authn", "payload"],
  application: "azp",
  user: "sub",
  environment: "keytype",
};

/** WSO2 gives requests without credentials a tier of this name, wherever an operation takes such. */
function openTier(open: Field, tiers: TierBook, tellsTokens: boolean, notes: Notes): string | undefined {
  const at = new Field(open.file, "Unauthenticated", open.path);
  notes.add(
    open,
    "takes requests without credentials, so weir lets them through everywhere: have Envoy's jwt_authn require tokens elsewhere",
  );
  const tier = tiers.refer({ level: "subscription", at, tellsTokens });
  if (tier !== undefined) {
    notes.add(
      open,
      `WSO2 counts "${tier}" for each client address, anonymousTier for all of an API's together: raise it`,
    );
  }
  return tier;
}
