import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { NODE_FLAGS } from "../demo/stack/weir.js";

/** A process of the bench's own that answers orders, and ends with the bench. */
export interface Worker<Order, Reply> {
  readonly pid: number;
  /** One at a time. Fails when the worker does, when it ends, and after `deadlineMs`. */
  ask(order: Order, deadlineMs: number): Promise<Reply>;
  stop(): Promise<void>;
}

type Answer<Reply> = { readonly reply: Reply } | { readonly error: string };

export function startWorker<Order extends object, Reply>(file: string): Worker<Order, Reply> {
  const child = fork(file, [], {
    // The floor gets the flags that weir has: what is compared is the work.
    execArgv: ["--enable-source-maps", ...NODE_FLAGS],
    serialization: "advanced",
    stdio: ["ignore", 2, 2, "ipc"],
  });
  return {
    pid: child.pid ?? -1,
    async ask(order, deadlineMs) {
      const answer = nextAnswer<Reply>(child, deadlineMs);
      child.send(order);
      return answer;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

async function nextAnswer<Reply>(child: ChildProcess, deadlineMs: number): Promise<Reply> {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(deadlineMs)]);
  const onExit = () => ended.abort(new Error(`worker ${child.pid} ended`));
  child.once("exit", onExit);
  try {
    const [answer] = (await once(child, "message", { signal })) as [Answer<Reply>];
    if ("error" in answer) throw new Error(answer.error);
    return answer.reply;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    child.removeListener("exit", onExit);
  }
}

/** The worker's side: answers every order until the bench is gone. */
export function serveOrders<Order, Reply>(answer: (order: Order) => Promise<Reply>): void {
  const send = (message: Answer<Reply>) => process.send?.(message);
  process.on("message", (order) => {
    answer(order as Order).then(
      (reply) => send({ reply }),
      (error: unknown) =>
        send({ error: error instanceof Error ? (error.stack ?? error.message) : `${error}` }),
    );
  });
  process.once("disconnect", () => process.exit());
}
