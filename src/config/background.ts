import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { WeirError } from "../errors.js";
import { compilePolicy } from "./compile.js";
import { type CheckedPolicy, checkPolicy, type LoadedPolicy } from "./load.js";

/** What the other thread says of a policy file. */
type Answer =
  | { readonly kind: "checked"; readonly checked: CheckedPolicy }
  | { readonly kind: "refused"; readonly message: string };

interface Question {
  readonly text: string;
  readonly name: string;
}

/**
 * Makes a policy as `parsePolicy` does, but reads and checks the text on a thread of its own: a large file, or one
 * with thousands of mistakes, takes longer than a request may wait for its decision.
 */
export async function parsePolicyInBackground(text: string, name: string): Promise<LoadedPolicy> {
  const question: Question = { text, name };
  const worker = new Worker(new URL(import.meta.url), { workerData: question });
  const answer = await new Promise<Answer>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the thread that checks policies ended with ${code}`)));
  });
  if (answer.kind === "refused") throw new WeirError("POLICY_INVALID", answer.message);
  return { ...answer.checked, policy: compilePolicy(answer.checked.file) };
}

if (!isMainThread && parentPort) parentPort.postMessage(reply(workerData as Question));

function reply({ text, name }: Question): Answer {
  try {
    return { kind: "checked", checked: checkPolicy(text, name) };
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return { kind: "refused", message: error.message };
  }
}
