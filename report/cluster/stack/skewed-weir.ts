import { parseArgs } from "node:util";
import { startWeir } from "../../../src/app.js";
import { createClock } from "../../../src/clock.js";
import { parseAddress } from "../../../src/net/address.js";
import { createLogger } from "../../../src/telemetry/logger.js";

/** `weir serve` on a machine whose clock is off: POLICY, by how many milliseconds, and the flags that a node gets. */
const text = { type: "string", default: "" } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  // A number below 0 looks like a flag.
  args: process.argv.slice(2).map((arg) => (/^-\d+$/.test(arg) ? ` ${arg}` : arg)),
  options: { grpc: text, admin: text, "drain-delay-ms": text, "drain-ms": text },
});
const [policyFile = "", offset = "0"] = positionals;
const [grpcAddress, adminAddress] = [parseAddress(values.grpc), parseAddress(values.admin)];
if (!grpcAddress || !adminAddress) throw new Error("--grpc and --admin must be addresses");

const now = createClock();
const offsetMs = Number(offset);
const weir = await startWeir({
  policyFile,
  grpcAddress,
  adminAddress,
  drainDelayMs: Number(values["drain-delay-ms"]),
  drainMs: Number(values["drain-ms"]),
  env: process.env,
  log: createLogger("info"),
  now: () => now() + offsetMs,
});
process.once("SIGTERM", () => void weir.stop().then(() => process.exit(0)));
