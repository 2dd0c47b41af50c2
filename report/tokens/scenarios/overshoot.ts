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
const environments = ["production", "sandbox"] as const;
type Environment = (typeof environments)[number];

export async function measureOvershoot(
  plan: OvershootPlan,
  folder: string,
  say: (line: string) => void,
): Promise<OvershootReport> {
  const stack = await startStack(policyOf(plan.limit), { gateway: patient }, folder);
  const client = new Client(stack.envoys.gateway.port);
  const chance = new Chance(plan.seed);
  const ask = (
    variant: VariantName,
    admission: AdmissionName,
    environment: Environment,
    delay_ms: number,
  ) => {
    const { completion: lengths, maxTokens }: Variant = variants[variant];
    const prompt = chance.whole(...PROMPT_WORDS);
    const completion = chance.whole(...lengths);
    const max = maxTokens === "exact" ? completion : maxTokens;
    const body = {
      ...{ model: nameOf(variant, admission), messages: promptOf(prompt), user: environment },
      ...{ cost: { prompt, completion }, delay_ms, ...(max === null ? {} : { max_tokens: max }) },
    };
    const apiKey = keyOf(variant, environment);
    return client.ask({ host: hostOf(nameOf(variant, admission)), apiKey, body });
  };
  const settled = () => settledLedger(stack.weir, idsOf(stack.llm.answers));
  const measure = async (variant: VariantName) => {
    if (variants[variant].isLearned) {
      for (let i = 0; i < plan.learningRequests; i++) {
        await Promise.all(admissions.map((admission) => ask(variant, admission, "sandbox", 0)));
      }
      await settled();
    }
    const times = Array.from({ length: plan.requests });
    const sent = times.flatMap(() =>
      admissions.map(async (admission) => ({
        admission,
        status: (await ask(variant, admission, "production", plan.thinkingMs)).status,
      })),
    );
    const asked = await Promise.all(sent);
    const ledger = await settled();
    const resultOf = (admission: AdmissionName): OvershootResult => {
      const statuses = asked.filter((one) => one.admission === admission).map(({ status }) => status);
      const count = (wanted: number) => statuses.filter((status) => status === wanted).length;
      const model = nameOf(variant, admission);
      const made = stack.llm.answers.filter(
        ({ request }) => request.model === model && request.user === "production",
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

const nameOf = (variant: VariantName, admission: AdmissionName) => `${variant}-${admission}`;
const keyOf = (variant: VariantName, environment: Environment) => `${variant}-${environment}`;

/**
 * Each variant has an application and APIs of its own, which are limited in production alone: what an application learns
 * in the sandbox costs nothing.
 */
function policyOf(limit: number) {
  const production = { limits: [{ totalTokens: limit, per: "year" }] };
  return {
    version: 1,
    apis: variantNames.flatMap((variant) =>
      admissions.map((admission) => ({
        ...apiEntry(nameOf(variant, admission), modes[admission]),
        backends: { production, sandbox: {} },
      })),
    ),
    applications: variantNames.map((variant) => ({
      name: variant,
      subscriptions: Object.fromEntries(
        admissions.map((admission) => [`${nameOf(variant, admission)}/v1`, "Unlimited"]),
      ),
      credentials: environments.map((environment) => ({
        ...{ apiKey: hashed(keyOf(variant, environment)), environment },
      })),
    })),
    identity: [{ apiKey: { header: "x-api-key" } }],
    faults: { backendStatus: 429 },
  };
}
