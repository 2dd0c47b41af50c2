import type { Answer } from "../../../demo/stack/llm.js";
import { hashed } from "../../cluster/policy.js";
import { judgeOvershoot, type Overshoot } from "../analysis/overshoot.js";
import { Chance } from "../load/chance.js";
import { Client } from "../load/client.js";
import { promptOf } from "../load/prompt.js";
import { apiEntry, hostOf, modes } from "../modes.js";
import type { OvershootPlan } from "../plan.js";
import { patient } from "../stack/envoy-config.js";
import { settledLedger } from "../stack/ledger.js";
import { startStack } from "../stack/stack.js";

/** What requests say of the answers that they will get, in tokens. */
interface Variant {
  /** The length of an answer lies between these. */
  readonly completion: readonly [least: number, most: number];
  /** `exact` is what the answer comes to; null where the request sets no maximum. */
  readonly maxTokens: "exact" | number | null;
  /** Whether weir has seen answers of the kind before. */
  readonly isLearned: boolean;
}

const usual = [200, 800] as const;

export const variants = {
  exact: { completion: usual, maxTokens: "exact", isLearned: false },
  tenfoldCold: { completion: usual, maxTokens: 5000, isLearned: false },
  tenfoldLearned: { completion: usual, maxTokens: 5000, isLearned: true },
  noneCold: { completion: usual, maxTokens: null, isLearned: false },
  noneLearned: { completion: usual, maxTokens: null, isLearned: true },
  /** Longer than the 1024 tokens that are taken for an answer without a maximum. */
  noneLongCold: { completion: [2000, 3000], maxTokens: null, isLearned: false },
  /** Longer than the quarter of the limit that one request may hold. */
  exactBeyondShare: { completion: [4000, 5000], maxTokens: "exact", isLearned: false },
} as const satisfies Record<string, Variant>;
export type VariantName = keyof typeof variants;
export const variantNames = Object.keys(variants) as VariantName[];

export const admissions = ["chargeAfter", "reserve"] as const;
export type AdmissionName = (typeof admissions)[number];

export interface OvershootReport {
  readonly plan: OvershootPlan;
  readonly variants: Readonly<Record<VariantName, Readonly<Record<AdmissionName, OvershootResult>>>>;
}

export interface OvershootResult extends Overshoot {
  readonly sentRequests: number;
  readonly deniedRequests: number;
  /** Neither answered nor denied. */
  readonly failedRequests: number;
}

/** As in the policy that leaves it out. */
const MAX_SHARE = 0.25;
const PROMPT_WORDS = [20, 120] as const;
const LEARNER = "learner";

export async function measureOvershoot(
  plan: OvershootPlan,
  folder: string,
  say: (line: string) => void,
): Promise<OvershootReport> {
  const stack = await startStack(policyOf(plan.limit), { gateway: patient }, folder);
  const client = new Client(stack.envoys.gateway.port);
  const chance = new Chance(plan.seed);
  /** Models are named for what asks for them, so that each has an experience of its own. */
  const modelOf = (variant: VariantName, admission: AdmissionName) => `${variant}-${admission}`;
  const ask = (variant: VariantName, admission: AdmissionName, apiKey: string, delay_ms: number) => {
    const { completion: lengths, maxTokens }: Variant = variants[variant];
    const prompt = chance.whole(...PROMPT_WORDS);
    const completion = chance.whole(...lengths);
    const max = maxTokens === "exact" ? completion : maxTokens;
    const body = {
      ...{ model: modelOf(variant, admission), messages: promptOf(prompt), user: apiKey },
      ...{ cost: { prompt, completion }, delay_ms, ...(max === null ? {} : { max_tokens: max }) },
    };
    return client.ask({ host: hostOf(admission), apiKey, body });
  };
  const settled = () => settledLedger(stack.weir, idsOf(stack.llm.answers));
  const measure = async (variant: VariantName) => {
    if (variants[variant].isLearned) {
      for (let i = 0; i < plan.learningRequests; i++) {
        await Promise.all(admissions.map((admission) => ask(variant, admission, LEARNER, 0)));
      }
      await settled();
    }
    const times = Array.from({ length: plan.requests });
    const sent = times.flatMap(() =>
      admissions.map(async (admission) => ({
        admission,
        status: (await ask(variant, admission, variant, plan.thinkingMs)).status,
      })),
    );
    const asked = await Promise.all(sent);
    const ledger = await settled();
    const resultOf = (admission: AdmissionName): OvershootResult => {
      const statuses = asked.filter((one) => one.admission === admission).map(({ status }) => status);
      const count = (wanted: number) => statuses.filter((status) => status === wanted).length;
      const model = modelOf(variant, admission);
      const made = stack.llm.answers.filter(
        ({ request }) => request.model === model && request.user === variant,
      );
      return {
        ...judgeOvershoot({ limit: plan.limit, maxShare: MAX_SHARE }, made, ledger),
        sentRequests: statuses.length,
        deniedRequests: count(429),
        failedRequests: statuses.length - count(200) - count(429),
      };
    };
    return { chargeAfter: resultOf("chargeAfter"), reserve: resultOf("reserve") };
  };
  try {
    const results: Partial<Record<VariantName, Record<AdmissionName, OvershootResult>>> = {};
    for (const variant of variantNames) {
      say(variant);
      results[variant] = await measure(variant);
    }
    return { plan, variants: results as OvershootReport["variants"] };
  } finally {
    client.close();
    await stack.stop();
  }
}

function idsOf(answers: readonly Answer[]): string[] {
  return answers.map(({ requestId }) => requestId);
}

/** Each variant has a subscription, and so a counter, of its own; the learner has none that ever denies. */
function policyOf(limit: number): object {
  const application = (name: string, tier: string) => ({
    name,
    subscriptions: Object.fromEntries(admissions.map((admission) => [`${admission}/v1`, tier])),
    credentials: [{ apiKey: hashed(name) }],
  });
  return {
    version: 1,
    tiers: { Tokens: { limits: [{ totalTokens: limit, per: "year" }] } },
    apis: admissions.map((admission) => apiEntry(admission, modes[admission])),
    applications: [
      ...variantNames.map((variant) => application(variant, "Tokens")),
      application(LEARNER, "Unlimited"),
    ],
    identity: [{ apiKey: { header: "x-api-key" } }],
  };
}
