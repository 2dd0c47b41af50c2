import { parseArgs } from "node:util";

export interface DemoOptions {
  /** Whether it ends after the table, and fails unless every row came out as it must. */
  readonly once: boolean;
  /** How many weirs decide. */
  readonly nodes: number;
  /** Whether they count in Redis. */
  readonly redis: boolean;
}

const MAX_NODES = 9;

/** Throws an error that says how to call it. */
export function readDemoOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: "boolean", default: false },
      nodes: { type: "string", default: "1" },
      redis: { type: "boolean", default: false },
    },
  });
  const nodes = Number(values.nodes);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES)
    throw new Error(`--nodes must be 1 to ${MAX_NODES}, not "${values.nodes}"`);
  if (nodes > 1 && !values.redis)
    throw new Error("--nodes: several weirs count together in Redis alone; add --redis");
  return { once: values.once, nodes, redis: values.redis };
}
