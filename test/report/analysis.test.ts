import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { admitIdeally } from "../../report/cluster/analysis/ideal.js";
import { judge } from "../../report/cluster/analysis/judge.js";
import { percentile, spreadOf } from "../../report/cluster/analysis/spread.js";
import { Answer, Journal } from "../../report/cluster/load/journal.js";
import { parseCommandStats } from "../../report/cluster/scenarios/command-stats.js";
import { compareCounters, type Fields } from "../../report/cluster/scenarios/counters.js";
import { metricIn, parseLog } from "../../report/cluster/stack/node.js";
import { type LimitSpec, type Workload, workloadOf } from "../../report/cluster/workload.js";

const fixed: LimitSpec = { name: "fixed", kind: "fixed", maxRequests: 2, windowMs: 100 };
const sliding: LimitSpec = { name: "sliding", kind: "sliding", maxRequests: 2, windowMs: 100 };

describe("percentiles", () => {
  test("are values that occurred", () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    assert.deepEqual(
      [50, 99, 100].map((percent) => percentile(hundred, percent)),
      [50, 99, 100],
    );
    assert.deepEqual(spreadOf([3, 1, 2]), { p50Ms: 2, p99Ms: 3, maxMs: 3 });
    assert.deepEqual(spreadOf([]), { p50Ms: 0, p99Ms: 0, maxMs: 0 });
  });
});

describe("a perfect counter", () => {
  const admitted = (limits: readonly LimitSpec[], ...times: number[]) =>
    admitIdeally(times.map((atMs) => ({ atMs, limits })));

  test("admits the first of each fixed window", () => {
    assert.deepEqual(admitted([fixed], 10, 20, 99, 100, 101, 102), [true, true, false, true, true, false]);
  });

  test("admits after a whole length in a sliding one", () => {
    assert.deepEqual(admitted([sliding], 10, 20, 109, 110, 119, 120), [true, true, false, true, false, true]);
  });

  test("charges all limits of a request or none", () => {
    const other = { ...fixed, name: "other", maxRequests: 1 };
    const requests = [[fixed, other], [fixed, other], [fixed], [fixed]].map((limits) => ({
      atMs: 10,
      limits,
    }));
    assert.deepEqual(admitIdeally(requests), [true, false, true, false]);
  });
});

describe("the judgement of a journal", () => {
  const workload: Workload = {
    windowMs: 100,
    limits: [fixed],
    lanes: [{ name: "a", api: "a", apiKey: null, requestsPerSecond: 60, limits: ["fixed"] }],
  };
  const full = { fromMs: 1000, toMs: 1200 };
  const journalOf = (...requests: [sentMs: number, arrivedMs: number | null, answer: Answer][]) => {
    const journal = new Journal(requests.length);
    for (const [sentMs, arrivedMs, answer] of requests) {
      const number = journal.sent(0, sentMs);
      if (arrivedMs !== null) journal.arrived(number, arrivedMs);
      if (answer !== Answer.none) journal.answered(number, answer, sentMs + 50);
    }
    return journal;
  };

  test("finds what is over, what is missing and what is ambiguous", () => {
    const journal = journalOf(
      [1010, 1011, Answer.admitted],
      [1012, 1013, Answer.admitted],
      [1014, 1015, Answer.admitted],
      [1016, null, Answer.denied],
      [1099, 1100, Answer.admitted],
      [1110, null, Answer.denied],
    );
    const [limit] = judge(workload, journal, full);
    assert.equal(limit?.overAdmittedRequests, 1);
    assert.equal(limit?.worstOverAdmittedPercent, 50);
    assert.equal(limit?.ambiguousRequests, 1);
    assert.deepEqual([limit?.offeredRequests, limit?.admittedRequests, limit?.backendRequests], [6, 4, 4]);
    assert.deepEqual(
      limit?.windows.map(({ admittedRequests, idealRequests }) => [admittedRequests, idealRequests]),
      [
        [3, 2],
        [1, 1],
      ],
    );
    assert.equal(limit?.underAdmittedRequests, 0);
  });

  test("counts what came to the backend, whatever the client was told", () => {
    const journal = journalOf(
      [1010, 1011, Answer.gatewayFailed],
      [1012, 1013, Answer.none],
      [1014, 1015, Answer.admitted],
    );
    const [limit] = judge(workload, journal, full);
    assert.deepEqual(
      [limit?.admittedRequests, limit?.backendRequests, limit?.overAdmittedRequests],
      [1, 3, 1],
    );
  });

  test("misses what a perfect counter would have admitted", () => {
    const journal = journalOf([1010, null, Answer.uncounted], [1011, null, Answer.uncounted]);
    const [limit] = judge(workload, journal, full);
    assert.deepEqual([limit?.underAdmittedRequests, limit?.underAdmittedPercent], [2, 100]);
  });
});

describe("the workload", () => {
  test("comes to three times of what each limit that binds admits", () => {
    const { limits, lanes } = workloadOf(10_000);
    for (const { name, maxRequests } of limits.filter(
      (limit) => !/subscription|application/.test(limit.name),
    )) {
      const offered = lanes
        .filter((lane) => lane.limits.includes(name))
        .reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond * 10, 0);
      assert.equal(Math.round(offered), 3 * maxRequests, name);
    }
  });
});

describe("what others print is read:", () => {
  test("Redis's statistics of commands", () => {
    const info = [
      "# Commandstats",
      "cmdstat_evalsha:calls=100,usec=5,usec_per_call=0.05,rejected_calls=0,failed_calls=0",
      "cmdstat_eval:calls=3,usec=5,usec_per_call=0.05,rejected_calls=0,failed_calls=0",
      "cmdstat_hincrby:calls=400,usec=5,usec_per_call=0.05,rejected_calls=0,failed_calls=0",
      "cmdstat_time:calls=103,usec=5,usec_per_call=0.05,rejected_calls=0,failed_calls=0",
      "cmdstat_info:calls=2,usec=5,usec_per_call=0.05,rejected_calls=0,failed_calls=0",
      "cmdstat_config|get:calls=1,usec=5,usec_per_call=0.05,rejected_calls=0,failed_calls=0",
    ].join("\r\n");
    assert.deepEqual(parseCommandStats(info), { scripts: 103, insideScripts: 503 });
  });

  test("metrics and logs of weir", () => {
    const text = 'weir_a_total{api="x"} 3\nweir_a_total{api="y"} 4\nweir_a_total_b 9\nweir_c 2\n';
    assert.equal(metricIn(text, "weir_a_total"), 7);
    assert.equal(metricIn(text, "weir_c"), 2);
    const lines = parseLog('{"level":"info","time":5,"msg":"weir serves"}\nTrace: oops\n');
    assert.deepEqual(
      lines.map(({ level, msg }) => [level, msg]),
      [
        ["info", "weir serves"],
        ["error", "Trace: oops"],
      ],
    );
  });

  test("counters of a Redis and of its heir", () => {
    const dead = new Map<string, Fields>([
      ["same", { e: "5", u: "7" }],
      ["behind", { e: "5", u: "7" }],
      ["ahead", { e: "5", u: "7" }],
      ["old window", { e: "9", u: "7" }],
      ["unknown", { e: "9", u: "2" }],
      ["sliding", { u: "5", o: "30", n: "31", "30": "2", "31": "3" }],
    ]);
    const heir = new Map<string, Fields>([
      ["same", { e: "5", u: "7" }],
      ["behind", { e: "5", u: "4" }],
      ["ahead", { e: "5", u: "9" }],
      ["old window", { e: "5", u: "100" }],
      ["sliding", { u: "9", o: "20", n: "31", "20": "6", "30": "2", "31": "1" }],
    ]);
    assert.deepEqual(compareCounters(dead, heir), {
      lostRequests: 3 + 7 + 2 + 2,
      countersWithLoss: 4,
      countersCompared: 6,
    });
  });
});
