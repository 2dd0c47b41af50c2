import { rmSync, statSync } from "node:fs";
import { connect } from "node:net";

/** Removes a Unix socket that nobody listens on any more: it would be in the way. One in use is left alone. */
export async function removeStaleSocket(path: string): Promise<void> {
  if (!isSocket(path)) return;
  const socket = connect(path);
  const inUse = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
  socket.destroy();
  if (!inUse) rmSync(path, { force: true });
}

function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch {
    // Whatever is wrong with the path, listening on it will say so.
    return false;
  }
}
