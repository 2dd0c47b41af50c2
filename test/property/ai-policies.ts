import fc from "fast-check";
import { hashApiKey } from "../../src/identity/api-key.js";

/** Random policies over AI APIs: limits of all kinds at several levels, small enough to be reached. */

/** What a limit's number is a multiple of: a few requests' worth. */
const portions = { requests: 3, totalTokens: 120, promptTokens: 60, completionTokens: 90, spend: 0.002 };
type LimitedUnit = keyof typeof portions;

const limit = fc
  .record({
    unit: fc.constantFrom(...(Object.keys(portions) as LimitedUnit[])),
    size: fc.integer({ min: 1, max: 8 }),
    per: fc.constantFrom("10 seconds", "minute", "2 minutes"),
    window: fc.constantFrom("fixed", "sliding"),
    model: fc.option(fc.constantFrom("m-*", "n-1"), { nil: undefined, freq: 3 }),
    shadow: fc.boolean(),
  })
  .map(({ unit, size, model, shadow, ...more }) => ({
    // Written with no more decimals than a limit may have.
    [unit]: Number((portions[unit] * size).toFixed(6)),
    ...{ ...more, ...(model && { model }), ...(shadow && { shadow }) },
  }));

/** No two of one list count the same: the file would be refused. */
const limits = fc
  .uniqueArray(limit, {
    maxLength: 3,
    selector: ({ per, window, model, ...rest }) => [Object.keys(rest)[0], per, window, model].join(),
  })
  .map((list) => (list.length > 0 ? { limits: list } : {}));

const rate = fc.constantFrom(0, 0.5, 1, 3);
const modelTerms = fc.record({
  weight: fc.record({ input: rate, output: rate }),
  price: fc.record({ input: fc.constantFrom(0, 2.5, 10), output: fc.constantFrom(1, 30) }),
});

const isZeroOr = fc.constantFrom("estimate", "zero");
const any = fc.constantFrom("estimate", "zero", "reservation");
const includeUsage = fc.constantFrom("off", "inject", "hide");
const ai = fc.oneof(
  fc.record({
    admission: fc.constant("reserve"),
    ...{ includeUsage, onMissingUsage: any, onDisconnect: any },
    reservation: fc.record({
      completionTokens: fc.integer({ min: 1, max: 60 }),
      maxShare: fc.constantFrom(0.1, 0.5, 1),
    }),
  }),
  fc.record({
    admission: fc.constant("charge-after"),
    ...{ includeUsage, onMissingUsage: isZeroOr, onDisconnect: isZeroOr },
  }),
);

export const callers = ["mobile-ann", "mobile-bob", "web-ann"] as const;

/** The content of a policy file with one AI API, `chat/v1` under `/chat`. */
export const aiPolicyContent = fc
  .record({
    gateway: limits,
    api: limits,
    application: limits,
    custom: limits,
    ai,
    models: fc.record({ "m-*": modelTerms, "n-1": modelTerms, "*": modelTerms }),
    knowsAll: fc.boolean(),
  })
  .map(({ gateway, api, application, custom, ai, models: { "*": others, ...named }, knowsAll }) => ({
    version: 1,
    ...(gateway.limits && { gateway }),
    models: knowsAll ? { ...named, "*": others } : named,
    unknownModel: knowsAll ? "default" : "deny",
    apis: [
      {
        name: "chat",
        version: "v1",
        match: { pathPrefix: "/chat" },
        ai: { provider: "openai", ...ai },
        ...api,
      },
    ],
    applications: ["mobile", "web"].map((name) => ({
      name,
      ...application,
      subscriptions: { "chat/v1": "Unlimited" },
      credentials: callers
        .filter((caller) => caller.startsWith(name))
        .map((caller) => ({ apiKey: `sha256:${hashApiKey(caller)}`, user: caller })),
    })),
    identity: [{ apiKey: { header: "x-api-key" } }],
    ...(custom.limits && { custom: [{ name: "each", key: "{application}", ...custom }] }),
  }));
