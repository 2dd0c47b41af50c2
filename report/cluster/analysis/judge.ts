import { Answer, type Journal, type JournalEntry } from "../load/journal.js";
import type { LimitSpec, Workload } from "../workload.js";
import { judgeFixed } from "./fixed.js";
import { admitIdeally } from "./ideal.js";
import type { Interval } from "./interval.js";
import { judgeSliding } from "./sliding.js";
import { percentOf } from "./spread.js";

/** What a limit admitted, next to its number. Requests are those that match it. */
export interface LimitReport {
  readonly limit: string;
  readonly kind: "fixed" | "sliding";
  readonly maxRequests: number;
  readonly windowSeconds: number;
  /** Of the whole load. */
  readonly offeredRequests: number;
  readonly admittedRequests: number;
  /** Those that came to the backend: counted there. */
  readonly backendRequests: number;
  /** Sure, wherever the doubtful ones belong. Of a sliding window: in its worst interval. */
  readonly overAdmittedRequests: number;
  /** Of the window's number, in the worst window. */
  readonly worstOverAdmittedPercent: number;
  readonly ambiguousRequests: number;
  /** Of a sliding window: neither shown to fit nor shown to be over. */
  readonly undecidedRequests: number;
  /** Of the full windows: what a single counter without delay would have admitted, and what is missing. */
  readonly idealRequests: number;
  readonly underAdmittedRequests: number;
  readonly underAdmittedPercent: number;
  readonly windows: readonly WindowReport[];
}

/** A full window; of a sliding limit, as good as any other stretch of its length. */
export interface WindowReport {
  readonly startMs: number;
  readonly offeredRequests: number;
  readonly admittedRequests: number;
  readonly overAdmittedRequests: number;
  readonly overAdmittedPercent: number;
  readonly idealRequests: number;
  readonly underAdmittedPercent: number;
}

/** Where the windows are that were under load from end to end. */
export interface FullWindows {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Judges every limit by what the client and the backend wrote down. */
export function judge({ limits, lanes }: Workload, journal: Journal, full: FullWindows): LimitReport[] {
  const entries = [...journal.entries()];
  const byName = new Map(limits.map((limit) => [limit.name, limit]));
  const limitsOf = lanes.map((lane) => lane.limits.map((name) => byName.get(name) as LimitSpec));
  const ideal = admitIdeally(
    entries.map(({ lane, sentMs }) => ({ atMs: sentMs, limits: limitsOf[lane] ?? [] })),
  );
  return limits.map((limit) => {
    const matching = entries.flatMap((entry, i) =>
      limitsOf[entry.lane]?.includes(limit) ? [{ entry, ideal: ideal[i] === true }] : [],
    );
    return judgeLimit(limit, matching, full);
  });
}

interface Judged {
  readonly entry: JournalEntry;
  readonly ideal: boolean;
}

function judgeLimit(limit: LimitSpec, requests: readonly Judged[], full: FullWindows): LimitReport {
  const { name, kind, maxRequests, windowMs } = limit;
  const admitted = requests.flatMap(({ entry }) => intervalOf(entry) ?? []);
  const fixed = judgeFixed(admitted, windowMs, maxRequests);
  const sliding = judgeSliding(admitted, windowMs, maxRequests);
  const verdict = kind === "fixed" ? { over: fixed.over, undecided: 0 } : sliding;
  const worstOver =
    kind === "fixed" ? Math.max(0, ...[...fixed.counts.values()].map((n) => n - maxRequests)) : sliding.over;

  const windows: WindowReport[] = [];
  for (let startMs = full.fromMs; startMs < full.toMs; startMs += windowMs) {
    const sent = requests.filter(({ entry: { sentMs } }) => sentMs >= startMs && sentMs < startMs + windowMs);
    const admittedRequests = fixed.counts.get(startMs) ?? 0;
    const idealRequests = sent.filter(({ ideal }) => ideal).length;
    const over = Math.max(0, admittedRequests - maxRequests);
    windows.push({
      startMs,
      offeredRequests: sent.length,
      admittedRequests,
      overAdmittedRequests: over,
      overAdmittedPercent: percentOf(over, maxRequests),
      idealRequests,
      underAdmittedPercent: percentOf(Math.max(0, idealRequests - admittedRequests), idealRequests),
    });
  }
  const total = (of: (window: WindowReport) => number) => windows.reduce((sum, one) => sum + of(one), 0);
  const idealRequests = total((window) => window.idealRequests);
  // A sliding window has no edges at which something could be made up for: only its sum tells.
  const underAdmittedRequests =
    kind === "fixed"
      ? total((window) => Math.max(0, window.idealRequests - window.admittedRequests))
      : Math.max(0, idealRequests - total((window) => window.admittedRequests));
  return {
    limit: name,
    kind,
    maxRequests,
    windowSeconds: windowMs / 1000,
    offeredRequests: requests.length,
    admittedRequests: requests.filter(({ entry }) => entry.answer === Answer.admitted).length,
    backendRequests: requests.filter(({ entry }) => entry.arrivedMs !== null).length,
    overAdmittedRequests: verdict.over,
    worstOverAdmittedPercent: percentOf(worstOver, maxRequests),
    ambiguousRequests: fixed.ambiguous,
    undecidedRequests: verdict.undecided,
    idealRequests,
    underAdmittedRequests,
    underAdmittedPercent: percentOf(underAdmittedRequests, idealRequests),
    windows,
  };
}

/** When an admitted request was admitted; null for one that was not. */
function intervalOf({ sentMs, arrivedMs, answeredMs, answer }: JournalEntry): Interval | null {
  if (arrivedMs === null && answer !== Answer.admitted) return null;
  const toMs = Math.min(arrivedMs ?? Number.POSITIVE_INFINITY, answeredMs ?? Number.POSITIVE_INFINITY);
  return { fromMs: sentMs, toMs: Math.max(sentMs, toMs) };
}
