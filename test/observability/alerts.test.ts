import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readYaml } from "../compose/files.js";
import { checkQuery, checkTemplate } from "./check-query.js";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const { groups } = (await readYaml("observability/prometheus/alerts.yml")) as {
  groups: readonly { name: string; rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

describe("the alerts", () => {
  for (const { alert, expr, for: delay, labels, annotations } of rules) {
    test(`${alert} looks at what there is, and says what it means`, () => {
      const query = checkQuery(expr);
      checkTemplate(annotations.description, /\$labels\.(\w+)/g, query);
      assert.match(labels.severity, /^(warning|critical)$/);
      assert.ok(annotations.summary && annotations.description);
      if (delay !== undefined) assert.match(delay, /^\d+[sm]$/);
    });
  }

  test("have names of their own", () => {
    assert.ok(rules.length >= 8);
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  });

  test("that watch for a counter with labels see its first count too", () => {
    for (const name of ["weir_policy_reloads_total", "weir_unadmitted_total"]) {
      const watching = rules.filter(({ expr }) => expr.includes(name));
      assert.equal(watching.length, 1, name);
      assert.match(watching[0]?.expr ?? "", new RegExp(`${name}\\S* unless ${name}\\S* offset`));
    }
  });
});
