import type { ApiEntry } from "../config/schema/api.js";
import type { Notes } from "../document/notes.js";
import { operationIdentity, parseOperation } from "../policy/resource-tree.js";
import type { ApiSource, OperationSource } from "./api-source.js";
import { isUnlimited } from "./level.js";
import type { TierBook } from "./tier-book.js";

type ResourceEntry = NonNullable<ApiEntry["resources"]>[number];

export interface OperationOptions {
  readonly tiers: TierBook;
  readonly tellsTokens: boolean;
  /** Whether a custom rule counts by resource, so that those without limits matter too. */
  readonly areCounted: boolean;
}

const methods = new Set(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"]);

/**
 * The operations of an API. Those without a limit stand there as well as soon as one has a limit: a more specific
 * one keeps the limit of a general one (`GET /*`) away.
 */
export function translateOperations(
  api: ApiSource,
  options: OperationOptions,
  notes: Notes,
): ResourceEntry[] {
  const isLimited = !isUnlimited(api.tier.text());
  if (isLimited) noteIgnored(api, notes);
  const seen = new Map<string, string | undefined>();
  const entries = api.operations.flatMap((operation): ResourceEntry[] => {
    const match = matchOf(operation, notes);
    if (match === undefined) return [];
    const tier = isLimited
      ? undefined
      : options.tiers.refer({ level: "advanced", at: operation.tier, tellsTokens: options.tellsTokens });
    const same = identityOf(match);
    if (seen.has(same)) {
      if (seen.get(same) !== tier) {
        notes.add(operation.at, `${match} is the same operation as one before, whose tier is taken`);
      }
      return [];
    }
    seen.set(same, tier);
    return [{ match, ...(tier !== undefined && { tier }) }];
  });
  return options.areCounted || entries.some(({ tier }) => tier !== undefined) ? entries : [];
}

/** Undefined where weir cannot match it; noted, where that loses a limit. */
function matchOf({ verb, target, tier, at }: OperationSource, notes: Notes): string | undefined {
  const match = `${verb} ${target.startsWith("/") ? target : `/${target}`}`;
  const isHttp = methods.has(verb);
  if (isHttp && parseOperation(match) !== null) return match;
  if (!isUnlimited(tier.text())) {
    const why = isHttp ? "no path template that can be matched" : "no method of HTTP";
    notes.add(at, `"${match}" has ${why}: its tier "${tier.text()}" is left out`);
  }
  return undefined;
}

function identityOf(match: string): string {
  const operation = parseOperation(match);
  return operation ? operationIdentity(operation) : match;
}

function noteIgnored({ tier, operations }: ApiSource, notes: Notes): void {
  const own = operations.filter((operation) => !isUnlimited(operation.tier.text()));
  if (own.length === 0) return;
  const list = own
    .map((operation) => `${operation.verb} ${operation.target} ${operation.tier.text()}`)
    .join(", ");
  notes.add(
    tier,
    `beside the API's tier WSO2 ignores those of its operations, so they are left out (${list}); here both could hold`,
  );
}
