import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cpuMsOf } from "../../bench/proc.js";
import { median } from "../../bench/statistics.js";
import { Gateway } from "../../demo/gateway.js";
import { type Stack, startStack } from "../../demo/stack/stack.js";
import { rounded } from "../cluster/analysis/spread.js";
import { type GatewayPlan, type Size, sizes } from "./plan.js";
import { gatewayPolicy, requestOf } from "./policy.js";

/** CPU time of a request, in microseconds. */
export interface Cost {
  readonly envoyUs: number;
  readonly weirUs: number;
}

export interface Decisions {
  /** Medians over the rounds. */
  readonly costs: Readonly<Record<Size, Cost>>;
  /** The large policy's cost to the small one's: the median of the ratios within each round. */
  readonly ratios: { readonly envoy: number; readonly weir: number };
}

/** Asks both gateways in turns, so that the machine's noise meets both. */
export async function measureDecisions(plan: GatewayPlan, folder: string): Promise<Decisions> {
  const sides: Side[] = [];
  try {
    for (const size of sizes) sides.push(await startSide(size, plan, folder));
    for (const side of sides) await ask(side, plan, plan.warmUpRequests);
    const rounds: Record<Size, Cost>[] = [];
    for (let round = 1; round <= plan.rounds; round++) {
      const costs: [Size, Cost][] = [];
      for (const side of round % 2 === 1 ? sides : sides.toReversed())
        costs.push([side.size, await measure(side, plan)]);
      rounds.push(Object.fromEntries(costs) as Record<Size, Cost>);
    }
    const of = (size: Size, part: keyof Cost) => rounded(median(rounds.map((costs) => costs[size][part])), 1);
    const ratio = (part: keyof Cost) =>
      rounded(median(rounds.map(({ large, small }) => large[part] / small[part])), 2);
    const costs = (size: Size): Cost => ({ envoyUs: of(size, "envoyUs"), weirUs: of(size, "weirUs") });
    return {
      costs: { small: costs("small"), large: costs("large") },
      ratios: { envoy: ratio("envoyUs"), weir: ratio("weirUs") },
    };
  } finally {
    for (const { gateway, stack } of sides) {
      gateway.close();
      await stack.stop();
    }
  }
}

interface Side {
  readonly size: Size;
  readonly stack: Stack;
  readonly gateway: Gateway;
}

async function startSide(size: Size, plan: GatewayPlan, folder: string): Promise<Side> {
  const own = join(folder, size);
  await mkdir(own, { recursive: true });
  const config = { kind: "printed", edit: (text: string) => text } as const;
  const policy = gatewayPolicy(plan.apis[size], plan.resourcesPerApi);
  const stack = await startStack({ policy, folder: own, config, weirFlags: ["--log-level", "info"] });
  return { size, stack, gateway: new Gateway(stack.envoy.port, plan.connections) };
}

async function measure(side: Side, plan: GatewayPlan): Promise<Cost> {
  const { envoy, weir } = side.stack;
  const cpu = () => ({ envoy: cpuMsOf(envoy.child.pid), weir: cpuMsOf(weir.child.pid) });
  const before = cpu();
  await ask(side, plan, plan.requestsPerRound);
  const after = cpu();
  const perRequest = (ms: number) => (ms * 1000) / plan.requestsPerRound;
  return { envoyUs: perRequest(after.envoy - before.envoy), weirUs: perRequest(after.weir - before.weir) };
}

/** All resources of all APIs in turn; every request has to pass. */
async function ask({ size, gateway }: Side, plan: GatewayPlan, requests: number): Promise<void> {
  let next = 0;
  const client = async () => {
    while (next < requests) {
      const request = requestOf(next++, plan.apis[size], plan.resourcesPerApi);
      const { status } = await gateway.one(request);
      if (status !== 200) throw new Error(`${request.path} was answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: plan.connections }, client));
}
