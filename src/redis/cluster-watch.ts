import type { Cluster } from "ioredis";

const LOOK_MS = 500;

/**
 * Keeps a cluster's connections ready: opens them before a command needs one, and asks the cluster who is there while
 * a master is not, so that its successor is known as soon as there is one.
 *
 * @returns stops it
 */
export function watchCluster(cluster: Cluster): () => void {
  let lost = false;
  const open = () => {
    for (const node of cluster.nodes()) if (node.status === "wait") node.connect().catch(() => {});
  };
  // Not before: ioredis asks nodes that are not open yet for the slots, and waits for those to end if none answers.
  cluster.on("ready", open);
  cluster.on("+node", () => {
    if (cluster.status === "ready") open();
  });
  cluster.on("-node", () => {
    lost = true;
  });
  const timer = setInterval(() => {
    if (cluster.status !== "ready") return;
    if (!lost && cluster.nodes("master").every(({ status }) => status === "ready")) return;
    lost = false;
    cluster.refreshSlotsCache(() => {});
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
