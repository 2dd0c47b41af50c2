import { startBackend } from "./stack/backend.js";
import { startLlm } from "./stack/llm.js";

/** A backend or the model server as a process of its own: `backend NAME ADDRESS` or `llm ADDRESS`. */
const [kind, ...args] = process.argv.slice(2);
if (kind === "backend" && args.length === 2) await startBackend(args[0] ?? "", args[1]);
else if (kind === "llm" && args.length === 1) await startLlm(args[0]);
else {
  process.stderr.write("usage: double backend NAME ADDRESS | double llm ADDRESS\n");
  process.exit(2);
}
process.once("SIGTERM", () => process.exit(0));
