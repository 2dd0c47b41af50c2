import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { formatAddress } from "../../src/net/address.js";
import { checkOf, startTestWeir, type TestWeir } from "../support/weir.js";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** By node:http and not by fetch(), which would tidy up the path. */
function ask(weir: TestWeir, path: string, method = "GET"): Promise<Answer> {
  const { adminAddress } = weir.weir;
  assert.equal(adminAddress.kind, "tcp");
  const { host, port } = adminAddress as { host: string; port: number };
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, method, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (more) => {
        body += more;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    sent.on("error", reject).end();
  });
}

const policy = `
version: 1
apis: [{ name: orders, version: v1, match: { pathPrefix: /orders }, limits: [{ requests: 1, per: year }] }]
`;

describe("the admin port", () => {
  let weir: TestWeir;
  before(async () => {
    weir = await startTestWeir(policy);
  });
  after(() => weir.stop());

  test("says that the process lives, and that it is ready", async () => {
    for (const [path, body] of [
      ["/healthz", "ok\n"],
      ["/readyz", "ready\n"],
      ["/readyz?verbose", "ready\n"],
    ] as const) {
      const answer = await ask(weir, path);
      assert.deepEqual([answer.status, answer.body], [200, body], path);
      assert.equal(answer.headers["content-type"], "text/plain");
    }
  });

  test("counts decisions in the format of Prometheus", async () => {
    await weir.check(checkOf("/orders/1"));
    await weir.check(checkOf("/orders/2"));
    const { status, headers, body } = await ask(weir, "/metrics");
    assert.equal(status, 200);
    assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/);
    const lines = body.split("\n");
    for (const decision of ["allow", "deny"]) {
      assert.ok(lines.includes(`weir_decisions_total{api="orders/v1",level="api",decision="${decision}"} 1`));
    }
    assert.ok(lines.includes("weir_decision_duration_seconds_count 2"));
    assert.ok(lines.includes("weir_counters 1"));
    assert.match(body, /^process_resident_memory_bytes \d/m);
  });

  test("answers HEAD without a body", async () => {
    const answer = await ask(weir, "/healthz", "HEAD");
    assert.deepEqual([answer.status, answer.body], [200, ""]);
  });

  for (const path of ["/", "/health", "/healthz/", "//", "/metrics/x", "/%00", "//healthz", "/?/healthz"]) {
    test(`has nothing at ${path}`, async () => {
      const answer = await ask(weir, path);
      assert.deepEqual([answer.status, answer.body], [404, "there are /healthz, /readyz and /metrics\n"]);
    });
  }

  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    test(`takes no ${method}`, async () => {
      const answer = await ask(weir, "/healthz", method);
      assert.deepEqual([answer.status, answer.body], [405, "only GET\n"]);
      assert.equal(answer.headers["allow"], "GET, HEAD");
    });
  }
});

describe("a weir that stops", () => {
  test("lives on but is not ready while calls go on, and then listens no more", async (t) => {
    const weir = await startTestWeir(policy);
    t.after(() => weir.stop());
    const call = weir.process();
    call.on("error", () => {});
    call.write({ observabilityMode: true });
    await weir.check(checkOf("/elsewhere"));
    const stopped = weir.weir.stop();
    const ready = await ask(weir, "/readyz");
    assert.deepEqual([ready.status, ready.body], [503, "stopping\n"]);
    assert.equal((await ask(weir, "/healthz")).status, 200);
    call.end();
    await stopped;
    const address = formatAddress(weir.weir.adminAddress);
    await assert.rejects(fetch(`http://${address}/healthz`));
  });

  test("cuts off the calls that go on for longer than it may wait", async (t) => {
    const weir = await startTestWeir(policy);
    t.after(() => weir.stop());
    const call = weir.process();
    const failed = new Promise((resolve) => call.on("error", resolve));
    call.write({ observabilityMode: true });
    await weir.check(checkOf("/elsewhere"));
    await weir.weir.stop();
    await failed;
  });

  test("may be told to twice, and is stopped for both at the same time", async (t) => {
    const weir = await startTestWeir(policy);
    t.after(() => weir.stop());
    await Promise.all([weir.weir.stop(), weir.weir.stop()]);
    await weir.weir.stop();
    assert.equal(weir.log().match(/"weir stops"/g)?.length, 1);
  });
});
