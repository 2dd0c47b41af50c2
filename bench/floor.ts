import { Server, ServerCredentials, type UntypedHandleCall } from "@grpc/grpc-js";
import { authorizationService } from "../src/envoy/wire/services.js";
import { serveOrders } from "./worker.js";

/** The reply that every call gets: a whole CheckResponse. */
export interface FloorOrder {
  readonly reply: Uint8Array;
}

export interface FloorReply {
  readonly port: number;
}

/** A gRPC server that reads nothing and decides nothing: what any server on grpc-js costs at least. */
serveOrders<FloorOrder, FloorReply>(async ({ reply }) => {
  const bytes = Buffer.from(reply);
  const server = new Server();
  const check: UntypedHandleCall = (_call: unknown, respond: (error: null, reply: Buffer) => void) =>
    respond(null, bytes);
  const asIs = (message: Buffer) => message;
  const method = { requestDeserialize: asIs, requestSerialize: asIs, responseDeserialize: asIs };
  server.addService(
    { check: { ...authorizationService.check, ...method, responseSerialize: asIs } },
    { check },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port };
});
