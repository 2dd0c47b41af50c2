import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { little } from "./policies.js";
import { runTarget } from "./print.js";

const usage = (message: string) => ({ code: 2, out: "", err: `weir: ${message}\nTry: weir --help\n` });

describe("weir envoy --target", () => {
  const mistakes: Readonly<Record<string, string>> = {
    "--target nginx": '--target must be one of envoy-gateway, istio, not "nginx"',
    "--target constructor": '--target must be one of envoy-gateway, istio, not "constructor"',
    "--target istio --part filters": "--part is for an Envoy of your own, not for --target",
    "--target istio --out dir": "--out is for an Envoy of your own, not for --target",
    "--target istio --watch": "--watch is for an Envoy of your own, not for --target",
    "--target istio --weir weir:9191": "--weir is for an Envoy of your own, not for --target",
    "--target istio --tls-cert f": "--tls-cert is for an Envoy of your own, not for --target",
    "--gateway eg": "--gateway takes --target beside it",
    "--selector a=b": "--selector takes --target beside it",
    "--target istio --namespace A": '--namespace must be a name of Kubernetes (a-z, 0-9 and -), not "A"',
    "--target istio --gateway a/b": '--gateway must be a name of Kubernetes (a-z, 0-9 and -), not "a/b"',
    "--target istio --service weir": '--service must be NAME:PORT or NAME.NAMESPACE:PORT, not "weir"',
    "--target istio --service weir:0": '--service must be NAME:PORT or NAME.NAMESPACE:PORT, not "weir:0"',
    "--target istio --service a.b.c:1": '--service must be NAME:PORT or NAME.NAMESPACE:PORT, not "a.b.c:1"',
    "--target istio --selector edge": '--selector must be KEY=VALUE, not "edge"',
  };
  for (const [flags, message] of Object.entries(mistakes)) {
    test(`refuses ${flags}`, async () => {
      assert.deepEqual(await runTarget(little, ...flags.split(" ")), usage(message));
    });
  }

  test("begins with where it comes from, and tells what each object is for", async () => {
    const { out } = await runTarget(little, "--target", "envoy-gateway");
    assert.match(
      out,
      /^# Made by `weir envoy .*policy\.yaml --target envoy-gateway`; .*\n# Asks weir about every/,
    );
    for (const document of out.split("\n---\n")) assert.match(document, /^# .+\n/);
  });

  test("says so where it is not known where to send requests", async () => {
    const { code, err } = await runTarget(little.replace(/, backends: .* }\]/, " }]"), "--target", "istio");
    assert.equal(code, 2);
    assert.match(err, /nobody says where to send requests/);
  });
});
