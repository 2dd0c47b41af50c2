import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A server of the stack and how to stop it. */
export interface Running {
  readonly port: number;
  stop(): Promise<void>;
}

/** Listens on `address`, which may name port 0 to take a free one. */
export async function listen(server: Server, address: string): Promise<Running> {
  const [, host = "", port = "0"] = /^(.*):(\d+)$/.exec(address) ?? [];
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(port), host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
