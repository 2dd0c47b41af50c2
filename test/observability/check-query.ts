import assert from "node:assert/strict";
import { envoyMetrics, type Labels, scrapeLabels, weirMetrics } from "./known-metrics.js";
import { parseQuery, type Query } from "./promql.js";

const weir = await weirMetrics();
export const weirMetricNames = [...weir.keys()].filter((name) => name.startsWith("weir_"));

/** The labels of a metric; those of Envoy's and Prometheus's own have values that are not known. */
function labelsOf(metric: string): Labels {
  const known = weir.get(metric);
  if (known) return known;
  const others = metric === "up" ? [] : envoyMetrics[metric];
  assert.ok(others, `nothing tells of ${metric}`);
  return Object.fromEntries(others.map((label) => [label, new Set<string>()]));
}

/** Reads an expression, and fails where it asks for what there is not: a metric, a label, or a value of one. */
export function checkQuery(text: string): Query {
  const query = parseQuery(text);
  assert.ok(query.selectors.length > 0, text);
  const all = new Set<string>(scrapeLabels);
  for (const { metric, matchers } of query.selectors) {
    const labels = labelsOf(metric);
    for (const label of Object.keys(labels)) all.add(label);
    for (const { label, operator, value } of matchers) {
      if (scrapeLabels.includes(label)) continue;
      const values = labels[label];
      assert.ok(values, `${metric} has no label ${label}: ${text}`);
      if (weir.has(metric) && operator === "=")
        assert.ok(values.has(value), `no ${label}="${value}": ${text}`);
    }
  }
  for (const label of query.groupings) assert.ok(all.has(label), `nothing has a label ${label}: ${text}`);
  return query;
}

/** Fails where a template such as `{{level}}` names a label that the expression's results do not have. */
export function checkTemplate(template: string, names: RegExp, query: Query) {
  const { selectors, groupings } = query;
  const kept =
    groupings.length > 0 ? groupings : selectors.flatMap(({ metric }) => Object.keys(labelsOf(metric)));
  for (const [, label = ""] of template.matchAll(names)) {
    const known = kept.includes(label) || (groupings.length === 0 && scrapeLabels.includes(label));
    assert.ok(known, `no label ${label} for "${template}"`);
  }
}
