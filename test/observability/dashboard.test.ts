import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { checkQuery, checkTemplate, weirMetricNames } from "./check-query.js";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: object;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
  }[];
}

interface Dashboard {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly refresh: string;
  readonly templating: {
    readonly list: readonly {
      name: string;
      type: string;
      query: string | { query: string };
      allValue?: string;
    }[];
  };
  readonly annotations: { readonly list: readonly { expr: string; titleFormat: string }[] };
  readonly panels: readonly Panel[];
}

const text = await readFile("observability/grafana/dashboards/weir.json", "utf8");
const dashboard = JSON.parse(text) as Dashboard;
const { panels, templating, annotations } = dashboard;
const graphs = panels.filter(({ type }) => type !== "row");
const source = { type: "prometheus", uid: "$datasource" };
const LABELS = /\{\{(\w+)\}\}/g;

/** An expression as Grafana sends it. */
function asSent(expr: string): string {
  return expr.replaceAll("$__rate_interval", "20s").replaceAll('"$api"', '".*"');
}

describe("the dashboard", () => {
  for (const { title, targets = [] } of graphs) {
    test(`"${title}" asks for what there is`, () => {
      assert.ok(targets.length > 0);
      for (const { expr, legendFormat } of targets)
        checkTemplate(legendFormat, LABELS, checkQuery(asSent(expr)));
    });
  }

  test("marks what there is", () => {
    assert.ok(annotations.list.length > 0);
    for (const { expr, titleFormat } of annotations.list)
      checkTemplate(titleFormat, LABELS, checkQuery(asSent(expr)));
  });

  test("shows every metric of weir", () => {
    const exprs = graphs.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const asked = new Set(
      exprs.flatMap((expr) => checkQuery(asSent(expr)).selectors.map(({ metric }) => metric)),
    );
    assert.ok(weirMetricNames.length >= 20, weirMetricNames.join());
    assert.deepEqual(
      weirMetricNames.filter((name) => !asked.has(name)),
      [],
    );
  });

  test("can be narrowed to APIs, wherever a metric knows its API", () => {
    const [variable] = templating.list.filter(({ name }) => name === "api");
    assert.deepEqual(variable?.query, { query: "label_values(weir_decisions_total, api)", refId: "api" });
    // Requests that match no API have no such label, which only this matches.
    assert.equal(variable?.allValue, ".*");
    for (const { expr } of graphs.flatMap(({ targets = [] }) => targets)) {
      for (const { metric, matchers } of checkQuery(asSent(expr)).selectors) {
        const knowsApi =
          /^weir_(decisions|would_deny|tokens|reserved|settlements|estimate|unadmitted|bytes)_/;
        const narrowed = matchers.some(({ label }) => label === "api");
        assert.equal(narrowed, knowsApi.test(metric), expr);
      }
    }
  });

  test("has no variable that is not used, and uses none that it has not", () => {
    const used = new Set([...text.matchAll(/\$\{?(?!__)([a-z]\w*)/g)].map(([, name]) => name));
    assert.deepEqual([...used].sort(), templating.list.map(({ name }) => name).sort());
  });

  test("asks the data source that was chosen", () => {
    assert.equal(templating.list.find(({ name }) => name === "datasource")?.type, "datasource");
    for (const { datasource, title } of graphs) assert.deepEqual(datasource, source, title);
  });

  test("says of each panel what it shows, and gives it an id and its queries letters of their own", () => {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    assert.equal(new Set(graphs.map(({ title }) => title)).size, graphs.length);
    for (const { title, description, targets = [] } of graphs) {
      assert.ok(title && description, title);
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    }
  });

  test("has panels side by side, none over another", () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      const { x, y, w, h } = gridPos;
      assert.ok(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24, title);
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          const cell = `${column},${line}`;
          assert.equal(taken.get(cell), undefined, `${title} lies over ${taken.get(cell)}`);
          taken.set(cell, title);
        }
      }
    }
  });
});
