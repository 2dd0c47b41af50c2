import { randomUUID } from "node:crypto";
import { after, before, describe } from "node:test";
import { Cluster, Redis } from "ioredis";
import { type RedisServer, startRedis } from "../../demo/stack/redis.js";
import { counterStoreContract, type StoreUnderTest } from "../counters/contract.js";
import { type ClusterSetup, startClusterSetup } from "../support/redis/cluster.js";
import { type SharedNode, startSharedNode, startTestTime } from "../support/redis/shared-stores.js";
import { eventually } from "../support/weir.js";

/** Redis drops keys by its real clock, so the time that a test sets begins at the real one's noon to come. */
const START = Math.ceil(Date.now() / 86_400_000) * 86_400_000 + 43_230_000;
const windows = ["minute", "month", "sliding minute", "sliding 2 hours"];

const stores = {
  strict: { pick: ({ strict }: SharedNode) => strict, strictUpTo: 0 },
  leased: { pick: ({ leased }: SharedNode) => leased, strictUpTo: 0 },
  "leased, small limits strict": { pick: ({ leased }: SharedNode) => leased, strictUpTo: 10 },
};

/** Runs the contract for every store and window over the Redis that `connect` leads to. */
function contractsOver(redis: string, connect: () => Redis | Cluster) {
  let client: Redis | Cluster;
  const nodes: SharedNode[] = [];
  before(() => {
    client = connect();
    client.on("error", () => {});
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    client.disconnect();
  });
  for (const [name, { pick, strictUpTo }] of Object.entries(stores)) {
    for (const per of windows) {
      const make = async (): Promise<StoreUnderTest> => {
        const time = await startTestTime(client, START);
        const prefix = `test-${randomUUID()}`;
        const own: SharedNode[] = [];
        const start = async () => {
          const node = await startSharedNode({ client, time, prefix, strictUpTo });
          own.push(node);
          nodes.push(node);
          return pick(node);
        };
        const settled = () =>
          eventually("the outboxes are empty", () => own.every(({ outbox }) => outbox.size === 0));
        const advance = async (ms: number) => {
          // What is on its way is counted in the time in which it was sent.
          await settled();
          await time.set(time.now() + ms);
        };
        return { store: await start(), now: time.now, advance, settled, other: start };
      };
      counterStoreContract(`${name} store over ${redis}, per ${per},`, make, per);
    }
  }
}

describe("over one Redis", () => {
  let server: RedisServer;
  before(async () => {
    server = await startRedis();
  });
  contractsOver("one Redis", () => new Redis(server.url, { enableAutoPipelining: true }));
  after(() => server.stop());
});

describe("over Redis Cluster", () => {
  let setup: ClusterSetup;
  before(async () => {
    setup = await startClusterSetup();
  });
  contractsOver("Redis Cluster", () => new Cluster([...setup.nodes], { enableAutoPipelining: true }));
  after(() => setup.stop());
});
