import type { ClientResponse, Gateway } from "./gateway.js";
import type { Stack } from "./stack/stack.js";

/** One line of the table: requests that hit one level, and what must come of them. */
export interface Row {
  readonly level: string;
  readonly what: string;
  readonly allowed: number;
  readonly denied: number;
  /** What a denied client must see; null where nothing is denied. */
  readonly status: number | null;
  readonly code: number | null;
  send(gateway: Gateway, stack: Stack): Promise<ClientResponse[]>;
}

const get = (path: string, key: string | null, times: number) => (gateway: Gateway) =>
  gateway.many(times, { method: "GET", path, key });

const chat = (key: string, times: number, stream: boolean) => async (gateway: Gateway, stack: Stack) => {
  const responses: ClientResponse[] = [];
  for (let i = 0; i < times; i++) {
    responses.push(await gateway.chat(key, stream));
    await stack.settled();
  }
  return responses;
};

/** All at once, and none answered before all have come. */
const rush = (api: string, key: string, times: number) => async (gateway: Gateway, stack: Stack) => {
  const body = { max_tokens: 1000, delay_ms: 1000 };
  const responses = await Promise.all(
    Array.from({ length: times }, () => gateway.chat(key, false, body, api)),
  );
  await stack.settled();
  return responses;
};

/** The last row floods the gateway with what the rows before have left of its limit, and some more. */
export function demoRows(gatewayLimit: number): Row[] {
  const rows: Row[] = [
    {
      level: "api",
      what: "20 a minute for the API reports",
      ...{ allowed: 20, denied: 5, status: 429, code: 900800 },
      send: get("/reports/v1/today", "demo-crawler", 25),
    },
    {
      level: "resource",
      what: "POST /items: 4 a minute",
      ...{ allowed: 4, denied: 3, status: 429, code: 900802 },
      send: (gateway) => gateway.many(7, { method: "POST", path: "/orders/v1/items", key: "demo-mobile" }),
    },
    {
      level: "subscription",
      what: "mobile on orders: Bronze, 8 a minute (4 are spent above)",
      ...{ allowed: 4, denied: 3, status: 429, code: 900804 },
      send: get("/orders/v1/items/1", "demo-mobile", 7),
    },
    {
      level: "subscription burst",
      what: "web on orders: 6 a minute",
      ...{ allowed: 6, denied: 2, status: 429, code: 900807 },
      send: get("/orders/v1/items/2", "demo-web", 8),
    },
    {
      level: "application",
      what: "ann of batch: 12 a minute over all APIs",
      ...{ allowed: 12, denied: 4, status: 429, code: 900803 },
      send: async (gateway) => [
        ...(await get("/orders/v1/items/3", "demo-batch-ann", 10)(gateway)),
        ...(await get("/payments/v1/status", "demo-batch-ann", 6)(gateway)),
      ],
    },
    {
      level: "application",
      what: "bob of batch has 12 of his own",
      ...{ allowed: 5, denied: 0, status: null, code: null },
      send: get("/orders/v1/items/3", "demo-batch-bob", 5),
    },
    {
      level: "custom rule",
      what: "30 a minute for each user on each API",
      ...{ allowed: 30, denied: 5, status: 429, code: 900806 },
      send: get("/orders/v1/items/4", "demo-crawler", 35),
    },
    {
      level: "backend production",
      what: "payments: 15 a minute for everybody (2 are spent by ann)",
      ...{ allowed: 13, denied: 7, status: 503, code: 900801 },
      send: async (gateway) => [
        ...(await get("/payments/v1/status", "demo-mobile", 10)(gateway)),
        ...(await get("/payments/v1/status", "demo-web", 10)(gateway)),
      ],
    },
    {
      level: "backend sandbox",
      what: "payments: 5 a minute, production's are not touched",
      ...{ allowed: 5, denied: 3, status: 503, code: 900801 },
      send: get("/payments/v1/status", "demo-mobile-sandbox", 8),
    },
    {
      level: "tokens, subscription",
      what: "mobile on chat: 250 tokens a minute, 100 a response (JSON)",
      ...{ allowed: 3, denied: 1, status: 429, code: 900804 },
      send: chat("demo-mobile", 4, false),
    },
    {
      level: "tokens, backend",
      what: "chat in production: 400 completion tokens, 60 a response (streamed; 3 spent above)",
      ...{ allowed: 4, denied: 1, status: 503, code: 900801 },
      send: chat("demo-web", 5, true),
    },
    {
      level: "tokens, sandbox",
      what: "chat in the sandbox: 100 prompt tokens, 40 a response",
      ...{ allowed: 3, denied: 1, status: 503, code: 900801 },
      send: chat("demo-web-sandbox", 4, true),
    },
    {
      level: "tokens, reserved",
      what: "assistant: 1000 tokens a minute, 250 at the most held for each of ten at once",
      ...{ allowed: 4, denied: 6, status: 429, code: 900800 },
      send: rush("/assistant/v1", "demo-web", 10),
    },
    {
      level: "deny policy",
      what: "the application retired is blocked",
      ...{ allowed: 0, denied: 1, status: 403, code: 900805 },
      send: get("/orders/v1/items/5", "demo-retired", 1),
    },
    {
      level: "identity",
      what: "a key that nobody was given",
      ...{ allowed: 0, denied: 1, status: 401, code: 900901 },
      send: get("/orders/v1/items/5", "demo-guess", 1),
    },
    {
      level: "identity",
      what: "crawler has no subscription to payments",
      ...{ allowed: 0, denied: 1, status: 403, code: 900908 },
      send: get("/payments/v1/status", "demo-crawler", 1),
    },
  ];
  const spent = rows.reduce((sum, row) => sum + row.allowed, 0);
  const left = gatewayLimit - spent;
  rows.push({
    level: "gateway",
    what: `${gatewayLimit} a minute in all; the ${spent} allowed above count, the denied do not`,
    ...{ allowed: left, denied: 10, status: 429, code: 900800 },
    send: get("/unlisted", null, left + 10),
  });
  return rows;
}
