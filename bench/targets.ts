import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { encodeCheckRequest } from "./check-request.js";
import { CheckConnection } from "./load/connection.js";
import { prefixed } from "./load/grpc.js";
import { startFloorTarget, startWeirTarget, type Target } from "./target.js";

/** What is measured: a fixed reply, weir with 10 and with 1,000 APIs, and weir with 10 denying everything. */
export const targetNames = ["floor", "weir10", "weir1000", "denied"] as const;
export type TargetName = (typeof targetNames)[number];

/** Starts a new process of each kind as often as asked. */
export type Starters = Readonly<Record<TargetName, () => Promise<Target>>>;

const FEW = 10;
const MANY = 1000;
/** What a subscription of the denying weir admits: nothing more after the first call. */
const DENIED_AFTER = 1;

/** The floor gets its reply from a weir, so that both write the same bytes. Logs and policies go to `folder`. */
export async function prepareTargets(folder: string): Promise<Starters> {
  const weir = async (apis: number, subscriptionMax?: number) =>
    startWeirTarget(await mkdtemp(join(folder, "weir-")), apis, subscriptionMax);
  const reply = await sampleReply(await weir(FEW));
  return {
    floor: () => startFloorTarget(reply, FEW),
    weir10: () => weir(FEW),
    weir1000: () => weir(MANY),
    denied: () => weir(FEW, DENIED_AFTER),
  };
}

/** Takes one reply of `target`, and stops it. */
async function sampleReply(target: Target): Promise<Buffer> {
  try {
    const connection = await CheckConnection.open(target.port);
    try {
      return await connection.call(prefixed(encodeCheckRequest(0)));
    } finally {
      connection.close();
    }
  } finally {
    await target.stop();
  }
}
