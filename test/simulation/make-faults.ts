import type { Random } from "./random.js";
import type { Fault, Kind, LimitPlan } from "./scenario.js";

/** Which faults each kind of scenario has, and how many at the most. */
const most: Readonly<Record<Kind, Partial<Record<Fault["kind"], number>>>> = {
  calm: {},
  slow: { stall: 2 },
  lossy: { cut: 3 },
  crashes: { crash: 4, stop: 2, cut: 1 },
  clocks: { jump: 4, step: 3, stall: 1 },
  reloads: { reload: 10 },
  restarts: { stop: 3 },
  crowded: { reload: 1, stop: 1 },
  storm: { cut: 2, crash: 2, stop: 2, stall: 2, jump: 2, step: 2, reload: 3 },
  overload: {},
};

export function makeFaults(
  kind: Kind,
  random: Random,
  durationMs: number,
  nodes: number,
  limits: readonly LimitPlan[],
): Fault[] {
  const make = (fault: Fault["kind"]): Fault => {
    const node = random.whole(0, nodes - 1);
    const atMs = random.between(0, durationMs);
    switch (fault) {
      case "cut":
        return { kind: fault, atMs, node, forMs: random.between(20, 2_000) };
      case "crash":
      case "stop":
        return { kind: fault, atMs, node, forMs: random.between(1, 500) };
      case "stall":
        return { kind: fault, atMs, node, forMs: random.between(5, 1_500) };
      case "jump":
        return { kind: fault, atMs, node, byMs: random.between(1, 5_000) };
      case "step":
        return { kind: fault, atMs, byMs: random.whole(-400, 400) };
      case "reload": {
        const limit = random.whole(0, limits.length - 1);
        const max = Math.max(1, Math.round((limits[limit]?.limit.max ?? 1) * random.between(0.1, 1.6)));
        return {
          kind: fault,
          atMs: Array.from({ length: nodes }, () => atMs + random.between(0, 300)),
          limit,
          max,
        };
      }
      default:
        return fault satisfies never;
    }
  };
  return Object.entries(most[kind]).flatMap(([fault, count]) =>
    Array.from({ length: random.whole(kind === "storm" ? 0 : 1, count) }, () => make(fault as Fault["kind"])),
  );
}
