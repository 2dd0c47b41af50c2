import { rounded } from "../../cluster/analysis/spread.js";
import { gapsOf } from "../analysis/gaps.js";
import { type Comparison, compared, type Times, timesOf } from "../analysis/times.js";
import { Client, type StreamRecord } from "../load/client.js";
import { inLanes } from "../load/lanes.js";
import { promptOf } from "../load/prompt.js";
import { apiEntry, hostOf, type Mode, modeNames, modes, NEVER_REACHED } from "../modes.js";
import type { LatencyPlan } from "../plan.js";
import { patient, withoutAdmission, withoutMetering, withoutWeir } from "../stack/envoy-config.js";
import { startStack } from "../stack/stack.js";

/** Envoys by what they have of weir. Two have nothing: what they differ by is noise. */
const gateways = {
  without: withoutWeir,
  withoutAgain: withoutWeir,
  decisionOnly: (yaml: string) => withoutMetering(patient(yaml)),
  meteringOnly: (yaml: string) => withoutAdmission(patient(yaml)),
  whole: patient,
} as const;

interface Side {
  readonly gateway: keyof typeof gateways;
  readonly mode: Mode;
}

/** What is compared: an Envoy, and how the API that is asked is admitted. */
const sides = {
  without: { gateway: "without", mode: "chargeAfter" },
  withoutAgain: { gateway: "withoutAgain", mode: "chargeAfter" },
  decisionOnly: { gateway: "decisionOnly", mode: "chargeAfter" },
  meteringOnly: { gateway: "meteringOnly", mode: "chargeAfter" },
  chargeAfter: { gateway: "whole", mode: "chargeAfter" },
  reserve: { gateway: "whole", mode: "reserve" },
  hide: { gateway: "whole", mode: "hide" },
} as const satisfies Record<string, Side>;
export type SideName = keyof typeof sides;
export const sideNames = Object.keys(sides) as SideName[];

export interface LatencyReport {
  readonly plan: LatencyPlan;
  readonly sides: Readonly<Record<SideName, SideReport>>;
}

export interface SideReport {
  /** Pieces at their pace: the time until the body begins, and those between its pieces. */
  readonly paced: {
    readonly streams: number;
    readonly failedStreams: number;
    readonly firstByte: Measured;
    readonly gaps: Measured;
  };
  /** Pieces all at once, as fast as they pass. */
  readonly unpaced: {
    readonly streams: number;
    readonly failedStreams: number;
    readonly streamsPerSecond: number;
    /** To the streams per second without weir. */
    readonly ratio: number;
    readonly whole: Measured;
  };
}

export interface Measured extends Comparison {
  readonly ms: Times;
}

interface Samples {
  readonly paced: StreamRecord[];
  readonly unpaced: StreamRecord[];
  unpacedMs: number;
}

const PROMPT_WORDS = 40;

export async function measureLatency(
  plan: LatencyPlan,
  folder: string,
  say: (line: string) => void,
): Promise<LatencyReport> {
  const limits = [{ totalTokens: NEVER_REACHED, per: "year" }];
  const apis = modeNames.map((mode) => apiEntry(mode, modes[mode], limits));
  const stack = await startStack({ version: 1, apis }, gateways, folder);
  const clients = eachSide((side) => new Client(stack.envoys[sides[side].gateway].port));
  try {
    const samples = eachSide((): Samples => ({ paced: [], unpaced: [], unpacedMs: 0 }));
    say("warming up");
    for (const side of sideNames) await run(side, clients[side], plan, 0, plan.streamsAtATime * 2);
    for (let round = 1; round <= plan.rounds; round++) {
      say(`round ${round} of ${plan.rounds}`);
      // What changes with time is not to fall on one side.
      for (const side of round % 2 === 1 ? sideNames : sideNames.toReversed()) {
        const { paced, unpaced } = samples[side];
        paced.push(...(await run(side, clients[side], plan, plan.paceMs, plan.pacedStreams)));
        const startedMs = performance.now();
        unpaced.push(...(await run(side, clients[side], plan, 0, plan.unpacedStreams)));
        samples[side].unpacedMs += performance.now() - startedMs;
      }
    }
    const base = figuresOf(samples.without, plan);
    return { plan, sides: eachSide((side) => reportOf(figuresOf(samples[side], plan), base)) };
  } finally {
    for (const side of sideNames) clients[side].close();
    await stack.stop();
  }
}

function eachSide<T>(make: (side: SideName) => T): Record<SideName, T> {
  return Object.fromEntries(sideNames.map((side) => [side, make(side)])) as Record<SideName, T>;
}

function run(side: SideName, client: Client, plan: LatencyPlan, pace_ms: number, streams: number) {
  const { pieces, streamsAtATime: width } = plan;
  const body = {
    ...{ model: "double-1", messages: promptOf(PROMPT_WORDS), stream: true, max_tokens: pieces },
    ...{ cost: { prompt: PROMPT_WORDS, completion: pieces }, pieces, pace_ms },
  };
  const request = { host: hostOf(sides[side].mode), body };
  return inLanes(streams, { width, staggerMs: (pieces * pace_ms) / width }, () => client.ask(request));
}

interface Figures {
  readonly streams: { readonly paced: number; readonly unpaced: number };
  readonly failed: { readonly paced: number; readonly unpaced: number };
  readonly firstByte: Times;
  readonly gaps: Times;
  readonly whole: Times;
  readonly streamsPerSecond: number;
}

function figuresOf({ paced, unpaced, unpacedMs }: Samples, { pieces }: LatencyPlan): Figures {
  const passed = (records: readonly StreamRecord[]) =>
    records.filter(({ status, isWhole, eventMs }) => status === 200 && isWhole && eventMs.length > pieces);
  const [slow, fast] = [passed(paced), passed(unpaced)];
  return {
    streams: { paced: paced.length, unpaced: unpaced.length },
    failed: { paced: paced.length - slow.length, unpaced: unpaced.length - fast.length },
    firstByte: timesOf(slow.map(({ firstByteMs }) => firstByteMs ?? 0)),
    gaps: timesOf(slow.flatMap(({ eventMs }) => gapsOf(eventMs, pieces))),
    whole: timesOf(fast.map(({ totalMs }) => totalMs)),
    streamsPerSecond: (fast.length * 1000) / unpacedMs,
  };
}

function reportOf(figures: Figures, base: Figures): SideReport {
  const { streams, failed, streamsPerSecond } = figures;
  const measured = (what: "firstByte" | "gaps" | "whole"): Measured => ({
    ms: figures[what],
    ...compared(figures[what], base[what]),
  });
  return {
    paced: {
      ...{ streams: streams.paced, failedStreams: failed.paced },
      ...{ firstByte: measured("firstByte"), gaps: measured("gaps") },
    },
    unpaced: {
      ...{ streams: streams.unpaced, failedStreams: failed.unpaced },
      streamsPerSecond: rounded(streamsPerSecond, 1),
      ratio: rounded(streamsPerSecond / base.streamsPerSecond, 3),
      whole: measured("whole"),
    },
  };
}
