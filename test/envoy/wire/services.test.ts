import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { Client, credentials, Server, ServerCredentials, status } from "@grpc/grpc-js";
import {
  StreamAccessLogsMessage,
  type StreamAccessLogsResponse,
} from "../../../src/envoy/wire/access-log.js";
import { CheckRequest } from "../../../src/envoy/wire/authz.js";
import type { ProcessingResponse } from "../../../src/envoy/wire/ext-proc-response.js";
import {
  type AccessLogHandlers,
  type AuthorizationHandlers,
  accessLogService,
  authorizationService,
  type ExternalProcessorHandlers,
  externalProcessorService,
} from "../../../src/envoy/wire/services.js";

/** Answers with what it was asked, to show that both directions are typed and arrive. */
const authorization: AuthorizationHandlers = {
  check(call, callback) {
    callback(null, { status: { message: call.request.attributes?.request?.http?.path ?? "" } });
  },
};

const processor: ExternalProcessorHandlers = {
  process(call) {
    call.on("data", (request) => {
      call.write({ requestBody: { response: { bodyMutation: { body: request.requestBody?.body } } } });
    });
    call.on("end", () => call.end());
  },
};

describe("a grpc-js server with the service definitions", () => {
  const server = new Server();
  const entries: number[] = [];
  const accessLog: AccessLogHandlers = {
    streamAccessLogs(call, callback) {
      call.on("data", ({ httpLogs }) => entries.push(httpLogs?.logEntry.length ?? 0));
      call.on("end", () => callback(null, {}));
    },
  };
  let client: Client;

  before(async () => {
    server.addService(authorizationService, authorization);
    server.addService(externalProcessorService, processor);
    server.addService(accessLogService, accessLog);
    const bind = promisify(server.bindAsync.bind(server));
    const port = await bind("127.0.0.1:0", ServerCredentials.createInsecure());
    client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  });

  after(() => {
    client.close();
    server.forceShutdown();
  });

  test("answers a Check", async () => {
    const { path, responseDeserialize } = authorizationService.check;
    const request = CheckRequest.encode({ attributes: { request: { http: { path: "/orders" } } } });
    const answer = await unary(path, request, responseDeserialize);
    assert.equal(answer.status?.message, "/orders");
  });

  test("refuses a Check that cannot be decoded with INTERNAL, and answers the next", async () => {
    const { path, responseDeserialize } = authorizationService.check;
    const malformed = unary(path, Buffer.from([0x0a, 0x05]), responseDeserialize);
    await assert.rejects(malformed, { code: status.INTERNAL });
    assert.equal((await unary(path, Buffer.alloc(0), responseDeserialize)).status?.message, "");
  });

  test("answers the messages of a Process stream", async () => {
    const { path, requestSerialize, responseDeserialize } = externalProcessorService.process;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    call.write({ ...NOTHING, requestBody: { body: Buffer.from("abc"), endOfStream: true } });
    const [answer] = (await once(call, "data")) as [ProcessingResponse];
    assert.deepEqual(answer.requestBody?.response?.bodyMutation?.body, Buffer.from("abc"));
    call.end();
    await once(call, "end");
  });

  test("answers a StreamAccessLogs stream once it ends", async () => {
    const { path, responseDeserialize } = accessLogService.streamAccessLogs;
    const answer = await new Promise<StreamAccessLogsResponse>((resolve, reject) => {
      const call = client.makeClientStreamRequest(
        path,
        StreamAccessLogsMessage.encode,
        responseDeserialize,
        (error, answer) => (answer ? resolve(answer) : reject(error)),
      );
      call.write({ httpLogs: { logEntry: [{}, {}] } });
      call.write({});
      call.end();
    });
    assert.deepEqual(answer, {});
    assert.deepEqual(entries, [2, 0]);
  });

  function unary<Answer>(
    path: string,
    request: Buffer,
    deserialize: (bytes: Buffer) => Answer,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        (bytes: Buffer) => bytes,
        deserialize,
        request,
        (error, answer) => {
          if (answer === undefined) reject(error);
          else resolve(answer);
        },
      );
    });
  }
});

const NOTHING = externalProcessorService.process.requestDeserialize(Buffer.alloc(0));
