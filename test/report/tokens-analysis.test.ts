import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load } from "js-yaml";
import { envoyConfig } from "../../demo/stack/envoy-config.js";
import { type LedgerLine, parseLedger } from "../../demo/stack/ledger.js";
import { accountFor, type Exchange } from "../../report/tokens/analysis/account.js";
import { gapsOf } from "../../report/tokens/analysis/gaps.js";
import { judgeOvershoot } from "../../report/tokens/analysis/overshoot.js";
import { compared, timesOf } from "../../report/tokens/analysis/times.js";
import { isSameStream, readStream } from "../../report/tokens/analysis/wholeness.js";
import { Chance } from "../../report/tokens/load/chance.js";
import { inLanes } from "../../report/tokens/load/lanes.js";
import { describeMachine } from "../../report/tokens/report.js";
import {
  overridesIn,
  patient,
  withoutAdmission,
  withoutWeir,
} from "../../report/tokens/stack/envoy-config.js";

function line(requestId: string, input: number, output: number, more: Partial<LedgerLine> = {}): LedgerLine {
  return {
    ...{ requestId, api: "a/v1", application: null, model: null, source: "response", reason: "reported" },
    ...{ usage: { input, output }, reserved: null, limits: [] },
    ...more,
  };
}

describe("times", () => {
  test("are told by percentiles that occurred", () => {
    const times = timesOf(Array.from({ length: 200 }, (_, i) => 200 - i));
    assert.deepEqual(times, { p50: 100, p95: 190, p99: 198, max: 200 });
    assert.deepEqual(timesOf([]), { p50: 0, p95: 0, p99: 0, max: 0 });
  });

  test("of two sides are compared by difference and ratio", () => {
    const { minusMs, ratio } = compared(timesOf([3]), timesOf([2]));
    assert.deepEqual([minusMs.p50, ratio.max], [1, 1.5]);
    assert.equal(compared(timesOf([3]), timesOf([])).ratio.p50, 0);
  });

  test("between the pieces of a stream leave out what follows the pieces", () => {
    assert.deepEqual(gapsOf([5, 25, 25, 50, 51], 4), [20, 0, 25]);
    assert.deepEqual(gapsOf([], 4), []);
  });
});

describe("overshoot", () => {
  const terms = { limit: 1000, maxShare: 0.5 };
  const made = (requestId: string, completion: number) => ({ requestId, prompt: 100, completion });

  test("is what was used beyond the limit, and bounded by what the estimates were short of", () => {
    const reserved = { input: 100, output: 300 };
    const ledger = ["a", "b"].map((id) => line(id, 100, 500, { reserved }));
    const judged = judgeOvershoot(terms, [made("a", 500), made("b", 500)], ledger);
    assert.equal(judged.overshoot, 200);
    assert.equal(judged.estimateErrors, 400);
    assert.equal(judged.isBounded, true);
    assert.equal(judged.utilisationPercent, 120);
  });

  test("is not bounded when more was let through than was held", () => {
    const reserved = { input: 100, output: 400 };
    const requests = ["a", "b", "c"].map((id) => made(id, 400));
    const ledger = requests.map(({ requestId }) => line(requestId, 100, 400, { reserved }));
    assert.equal(judgeOvershoot(terms, requests, ledger).isBounded, false);
  });

  test("goes by what may be held of a limit, which may be less than the estimate", () => {
    const reserved = { input: 100, output: 900 };
    const judged = judgeOvershoot(terms, [made("a", 900)], [line("a", 100, 900, { reserved })]);
    assert.equal(judged.estimateErrors, 500);
  });

  test("counts answers that the ledger has no line of, or two", () => {
    const requests = ["a", "b", "c"].map((id) => made(id, 1));
    const ledger = [line("a", 100, 1), line("b", 100, 1), line("b", 100, 1), line("z", 1, 1)];
    const { unaccountedRequests, unreservedRequests } = judgeOvershoot(terms, requests, ledger);
    assert.deepEqual([unaccountedRequests, unreservedRequests], [2, 3]);
  });
});

describe("the account of what was charged", () => {
  const exchange = (requestId: string, more: Partial<Exchange> = {}): Exchange => ({
    ...{ requestId, made: { input: 10, output: 20 }, isTold: true, kind: "kind" },
    ...more,
  });

  test("finds lines that are missing, double, or of nobody", () => {
    const ledger = [line("a", 10, 20), line("b", 10, 20), line("b", 10, 20), line("z", 1, 1)];
    const account = accountFor(
      ["a", "b", "c"].map((id) => exchange(id)),
      ledger,
    );
    assert.deepEqual(account.missingLines, ["c"]);
    assert.deepEqual(account.doubleLines, ["b"]);
    assert.equal(account.strangeLines, 1);
  });

  test("holds what told all to the token", () => {
    const ledger = [line("a", 10, 20), line("b", 11, 19)];
    const { told } = accountFor([exchange("a"), exchange("b")], ledger);
    assert.equal(told.exchanges, 2);
    assert.deepEqual(told.unequal, [
      { requestId: "b", made: { input: 10, output: 20 }, charged: { input: 11, output: 19 } },
    ]);
  });

  test("relates what did not tell all to what was made, by kind", () => {
    const untold = (id: string, kind: string) => exchange(id, { isTold: false, kind });
    const exchanges = [untold("a", "left"), untold("b", "left"), untold("c", "left"), untold("d", "reset")];
    const estimate = { source: "estimate" } as const;
    const ledger = [
      ...[line("a", 10, 10, estimate), line("b", 20, 20, estimate), line("c", 15, 60, estimate)],
      line("d", 10, 20),
    ];
    const account = accountFor(exchanges, ledger);
    assert.deepEqual(account.told, { exchanges: 0, unequal: [] });
    assert.deepEqual(
      account.untold.map(({ kind, exchanges, sources }) => [kind, exchanges, sources]),
      [
        ["left", 3, { estimate: 3 }],
        ["reset", 1, { response: 1 }],
      ],
    );
    assert.deepEqual(account.untold[0]?.output, { least: 0.5, median: 1, most: 3, all: 1.5 });
  });

  test("takes nothing charged for nothing made as right", () => {
    const nothing = exchange("a", { isTold: false, made: { input: 10, output: 0 } });
    const { untold } = accountFor([nothing], [line("a", 10, 0)]);
    assert.equal(untold[0]?.output.most, 1);
  });
});

describe("a streamed answer", () => {
  const piece = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
  const usage = `data: ${JSON.stringify({ choices: [], usage: { total_tokens: 3 } })}\n\n`;
  const done = "data: [DONE]\n\n";
  const record = (body: string, more: object = {}) => ({
    ...{ status: 200, headers: {}, body, isWhole: true, firstByteMs: 1, eventMs: [1], totalMs: 2 },
    ...more,
  });

  test("is read for its text, usage and end", () => {
    const body = `${piece("a ")}${piece("weir")}${usage}${done}`;
    assert.deepEqual(readStream(body), { text: "a weir", hasUsage: true, isDone: true });
    assert.equal(readStream(piece("a ")).isDone, false);
  });

  test("is the same as another with the same text to the end, with usage or without", () => {
    const reference = `${piece("a ")}${piece("weir")}${done}`;
    assert.equal(isSameStream(record(`${piece("a ")}${piece("weir")}${usage}${done}`), reference), true);
    assert.equal(isSameStream(record(`${piece("a ")}${done}`), reference), false);
    assert.equal(isSameStream(record(`${piece("a ")}${piece("weir")}`), reference), false);
    assert.equal(isSameStream(record(reference, { isWhole: false }), reference), false);
    assert.equal(
      isSameStream(record(`${piece("a ")}data: {"cho\n\n${piece("weir")}${done}`), reference),
      false,
    );
  });
});

describe("what is given to a run", () => {
  test("chance is the same for the same seed, and keeps to its bounds", () => {
    const draw = (seed: number) => {
      const chance = new Chance(seed);
      return Array.from({ length: 200 }, () => [chance.whole(1, 6), chance.pick({ a: 1, b: 3, c: 0 })]);
    };
    assert.deepEqual(draw(7), draw(7));
    assert.notDeepEqual(draw(7), draw(8));
    assert.deepEqual([...new Set(draw(7).map(([die]) => die))].toSorted(), [1, 2, 3, 4, 5, 6]);
    const picked = draw(7).map(([, key]) => key);
    assert.ok(!picked.includes("c"));
    assert.ok(picked.filter((key) => key === "b").length > 100);
  });

  test("no more is under way at a time than there are lanes, and results are in order", async () => {
    let open = 0;
    let most = 0;
    const results = await inLanes(20, { width: 3, staggerMs: 0 }, async (n) => {
      most = Math.max(most, ++open);
      await new Promise(setImmediate);
      open--;
      return n;
    });
    assert.deepEqual(
      results,
      Array.from({ length: 20 }, (_, i) => i),
    );
    assert.equal(most, 3);
  });

  test("the ledger is read from weir's log, whole lines alone", () => {
    const entry = JSON.stringify({ ...line("a", 1, 2), msg: "ledger" });
    const log = `{"msg":"weir serves"}\n${entry}\n${entry.slice(0, 20)}`;
    assert.deepEqual(
      parseLedger(log).map(({ requestId }) => requestId),
      ["a"],
    );
  });

  test("the machine is told with Envoy's version", () => {
    assert.equal(describeMachine("envoy  version: 9e55/1.40.0/Clean/RELEASE/BoringSSL", 0.5).envoy, "1.40.0");
    assert.equal(describeMachine("something else\n", 0).envoy, "something else");
  });
});

describe("Envoy's configuration", () => {
  const policy = {
    version: 1,
    gateway: { backends: { production: { url: "http://llm:8080" } } },
    apis: [
      {
        name: "chat",
        version: "v1",
        match: { pathPrefix: "/chat" },
        ai: { provider: "openai", includeUsage: "inject" },
      },
    ],
  };
  const yaml = envoyConfig(JSON.stringify(policy), [9191]);
  interface Config {
    static_resources: {
      listeners: {
        filter_chains: {
          filters: { typed_config: { http_filters: { name: string }[]; route_config: object } }[];
        }[];
      }[];
      clusters: object[];
    };
  }
  const partsOf = (text: string) => {
    const { listeners, clusters } = (load(text) as Config).static_resources;
    const manager = listeners[0]?.filter_chains[0]?.filters[0]?.typed_config;
    return {
      filters: manager?.http_filters.map(({ name }) => name),
      overrides: overridesIn(manager?.route_config)
        .map((overrides) => Object.keys(overrides))
        .filter((names) => names.length > 1),
      clusters,
      text: JSON.stringify(manager),
    };
  };
  const shipped = partsOf(yaml);

  test("without weir has the router alone, and the same clusters", () => {
    const { filters, overrides, clusters } = partsOf(withoutWeir(yaml));
    assert.deepEqual(filters, ["envoy.filters.http.router"]);
    assert.deepEqual(overrides, []);
    assert.deepEqual(clusters, shipped.clusters);
  });

  test("without admission has everything else", () => {
    const { filters, overrides } = partsOf(withoutAdmission(yaml));
    assert.deepEqual(
      filters,
      shipped.filters?.filter((name) => name !== "weir.admission"),
    );
    const authz = "envoy.filters.http.ext_authz";
    assert.deepEqual(overrides, [[authz, "weir.metering"]]);
    assert.deepEqual(shipped.overrides, [[authz, "weir.admission", "weir.metering"]]);
  });

  test("that is patient waits longer for weir, and differs in nothing else", () => {
    const { text, clusters } = partsOf(patient(yaml));
    assert.deepEqual(clusters, shipped.clusters);
    const impatient = text
      .replace(`"timeout":"10s"`, `"timeout":"0.25s"`)
      .replace(`"message_timeout":"10s"`, `"message_timeout":"1s"`);
    assert.notEqual(text, shipped.text);
    assert.equal(impatient, shipped.text);
  });
});
