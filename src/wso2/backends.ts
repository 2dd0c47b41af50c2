import { type ApiEntry, api as apiSchema } from "../config/schema/api.js";
import type { LimitEntry } from "../config/schema/limit.js";
import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import type { TokenUnit } from "../policy/limit.js";
import { type Environment, environments } from "../policy/policy.js";
import type { ApiSource } from "./api-source.js";
import { checkLimit, readAmount } from "./limit.js";
import { readPeriod } from "./time.js";

type Backends = NonNullable<ApiEntry["backends"]>;
type BackendEntry = NonNullable<Backends[Environment]>;

const tokenCounts = [
  ["TotalToken", "totalTokens"],
  ["PromptToken", "promptTokens"],
  ["CompletionToken", "completionTokens"],
] as const;

/** The endpoints of an API and the most that each may get. Undefined where the export has neither. */
export function translateBackends(api: ApiSource, tellsTokens: boolean, notes: Notes): Backends | undefined {
  noteTokens(api, tellsTokens, notes);
  const backends: Partial<Record<Environment, BackendEntry>> = {};
  for (const environment of environments) {
    const endpoint = api.endpoints?.[environment];
    const limit = readMaximum(api, environment, tellsTokens, notes);
    if (!endpoint?.isThere && api.endpoints !== null) {
      if (limit)
        notes.add(
          api.maxima[environment].requests,
          `there is no ${environment} endpoint that it could limit`,
        );
      continue;
    }
    const url = endpoint && readUrl(endpoint, notes);
    backends[environment] = { ...(url !== undefined && { url }), ...(limit && { limits: [limit] }) };
  }
  const isSaid = api.endpoints !== null || Object.values(backends).some(({ limits }) => limits !== undefined);
  return isSaid ? backends : undefined;
}

function readMaximum(
  { maxima, tokens }: ApiSource,
  environment: Environment,
  tellsTokens: boolean,
  notes: Notes,
): LimitEntry | undefined {
  const { requests: field, timeUnit } = maxima[environment];
  const amounts: Partial<Record<"requests" | TokenUnit, number>> = {};
  const requests = readAmount(field, notes);
  if (requests) amounts.requests = requests;
  if (requests === 0) {
    notes.add(
      field,
      `0 lets nothing through, which no limit does here: write { environment: ${environment}, api: … } under deny`,
    );
  }
  if (tellsTokens && tokens.at("isTokenBasedThrottlingEnabled").flag() !== false) {
    for (const [name, unit] of tokenCounts) {
      const amount = readAmount(tokens.at(`${environment}Max${name}Count`), notes);
      if (amount) amounts[unit] = amount;
    }
  }
  if (Object.keys(amounts).length === 0) return undefined;
  const per = readUnit(timeUnit, notes);
  return per === undefined ? undefined : checkLimit(field, { ...amounts, per }, notes);
}

const milliseconds = new Map([
  ["1000", "second"],
  ["60000", "minute"],
  ["3600000", "hour"],
]);

/** `SECOND` where nothing is said. The oldest exports give the unit in milliseconds. */
function readUnit(timeUnit: Field, notes: Notes): string | undefined {
  const text = timeUnit.text() ?? "SECOND";
  const period = milliseconds.get(text) ?? readPeriod(text);
  if (!period) notes.add(timeUnit, `"${text}" is no unit of time that is known: the maximum is left out`);
  return period;
}

function noteTokens({ tokens, provider }: ApiSource, tellsTokens: boolean, notes: Notes): void {
  const isOn = tokens.at("isTokenBasedThrottlingEnabled").flag() !== false;
  if (tellsTokens || !tokens.isThere || !isOn || provider.isThere) return;
  notes.add(tokens, "the responses of this API tell no tokens: its maxima of tokens are left out");
}

/**
 * The address of an endpoint, of the first where there are several. WSO2 takes the API's context away before it asks
 * the endpoint; weir does so for a url that has a path.
 */
function readUrl(endpoint: Field, notes: Notes): string | undefined {
  const one = (field: Field) => field.at("url").text() ?? field.at("urls").items()[0]?.text() ?? field.text();
  const all = endpoint.items().flatMap((item) => one(item) ?? []);
  const more = Math.max(all.length, endpoint.at("urls").items().length);
  const [url] = all;
  if (url === undefined) return undefined;
  if (/[{}]/.test(url) || !apiSchema.shape.backends.safeParse({ production: { url } }).success) {
    notes.add(endpoint, `"${url}" is no address of HTTP: give the backend's url by hand`);
    return undefined;
  }
  if (more > 1)
    notes.add(endpoint, `has ${more} addresses: url names the first; put all into Envoy's cluster`);
  return url.replace(/^[^/]+\/\/[^/?#]+(?=[?#]|$)/, "$&/");
}
