import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { policyOf } from "../property/policies.js";
import { batchOf, entryOf, startAccessLogServer } from "./access-log-server.js";

const api = (name: string) => ({
  name,
  version: "v1",
  match: { pathPrefix: `/${name}` },
  limits: [{ bytes: 1e12, per: "year" }],
});
const policy = policyOf({
  version: 1,
  gateway: { limits: [{ bytes: 1e12, per: "year" }] },
  apis: [api("orders"), api("files")],
});

const size = fc.oneof(fc.constant(0), fc.nat({ max: 5000 }), fc.nat());
const request = fc.record({ api: fc.constantFrom("orders", "files"), sent: size, received: size });
/** Requests in the order in which they end, cut into messages, on one stream for each of Envoy's workers. */
const workers = fc.array(fc.array(fc.array(request, { maxLength: 5 }), { maxLength: 5 }), {
  minLength: 1,
  maxLength: 4,
});

test("what is charged is what was reported, in sum, to every limit that it matched", async () => {
  await fc.assert(
    fc.asyncProperty(workers, async (streams) => {
      const server = await startAccessLogServer(policy);
      try {
        const decided = { orders: await server.decide("/orders"), files: await server.decide("/files") };
        await Promise.all(
          streams.map((batches) =>
            server.send(
              ...batches.map((batch) =>
                batchOf(...batch.map(({ api, sent, received }) => entryOf(decided[api], sent, received))),
              ),
            ),
          ),
        );
        const all = streams.flat(2);
        const sum = (some: typeof all) =>
          some.reduce((total, { sent, received }) => total + sent + received, 0);
        assert.equal(await server.used("gateway"), sum(all));
        const metric = await server.metric();
        for (const name of ["orders", "files"]) {
          assert.equal(metric[`${name}/v1`] ?? 0, sum(all.filter(({ api }) => api === name)));
        }
      } finally {
        await server.stop();
      }
    }),
    { numRuns: 100 },
  );
});
