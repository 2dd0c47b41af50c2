import { once } from "node:events";
import { connect, type Socket } from "node:net";
import {
  encodeFrame,
  encodeSettings,
  encodeWindowUpdate,
  Flag,
  type Frame,
  FrameReader,
  FrameType,
  PREFACE,
} from "./frames.js";
import { checkHeaders, unprefixed } from "./grpc.js";
import { encodeHeaders } from "./headers.js";

interface Call {
  reply: Buffer;
  resolve(message: Buffer): void;
  reject(error: Error): void;
}

const INITIAL_WINDOW_SIZE = 4;
const MAX_WINDOW = 2 ** 31 - 1;
const DEFAULT_WINDOW = 65_535;
const blocks = encodeHeaders(checkHeaders);

/**
 * A connection that calls Check, for a sixth of the CPU of node:http2, whose client takes more than the server it
 * would measure. Of the reply's headers it reads none: a unary call that fails is one that ends without a message.
 */
export class CheckConnection {
  readonly #socket: Socket;
  readonly #calls = new Map<number, Call>();
  #nextStream = 1;
  #outgoing: Buffer[] = [];
  #sendWindow = DEFAULT_WINDOW;
  #failure: Error | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const frames = new FrameReader();
    socket.on("data", (chunk) => frames.push(chunk, (frame) => this.#receive(frame)));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the connection was closed")));
    this.#send(PREFACE);
    const settings = encodeSettings([[INITIAL_WINDOW_SIZE, MAX_WINDOW]]);
    this.#send(encodeFrame(FrameType.settings, Flag.none, 0, settings));
    const window = encodeWindowUpdate(MAX_WINDOW - DEFAULT_WINDOW);
    this.#send(encodeFrame(FrameType.windowUpdate, Flag.none, 0, window));
  }

  static async open(port: number): Promise<CheckConnection> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new CheckConnection(socket);
  }

  /** Sends a prefixed request. Resolves with the reply's message; rejects when there is none. */
  call(request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#sendWindow -= request.length;
      if (this.#sendWindow < 0) return reject(new Error("the server takes no more: too many calls at once"));
      const stream = this.#nextStream;
      const block = stream === 1 ? blocks.first : blocks.next;
      this.#nextStream += 2;
      this.#calls.set(stream, { reply: Buffer.alloc(0), resolve, reject });
      this.#send(encodeFrame(FrameType.headers, Flag.endHeaders, stream, block));
      this.#send(encodeFrame(FrameType.data, Flag.endStream, stream, request));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  /** What is sent in one turn leaves together. */
  #send(frame: Buffer): void {
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#flush());
    this.#outgoing.push(frame);
  }

  #flush(): void {
    this.#socket.write(Buffer.concat(this.#outgoing));
    this.#outgoing = [];
  }

  #receive({ type, flags, stream, payload }: Frame): void {
    const call = this.#calls.get(stream);
    switch (type) {
      case FrameType.data:
        if (flags & Flag.padded) this.#fail(new Error("padded data is not supported"));
        else if (call) call.reply = call.reply.length > 0 ? Buffer.concat([call.reply, payload]) : payload;
        break;
      case FrameType.windowUpdate:
        if (stream === 0) this.#sendWindow += payload.readUInt32BE();
        break;
      case FrameType.settings:
      case FrameType.ping:
        if (!(flags & Flag.ack)) this.#send(encodeFrame(type, Flag.ack, 0, echoOf(type, payload)));
        break;
      case FrameType.resetStream:
      case FrameType.goAway:
        this.#fail(new Error(`the server gave up: ${payload.toString("latin1")}`));
        break;
    }
    if (call && flags & Flag.endStream && type <= FrameType.headers) this.#end(stream, call);
  }

  #end(stream: number, { reply, resolve, reject }: Call): void {
    this.#calls.delete(stream);
    const message = unprefixed(reply);
    if (message) resolve(message);
    else reject(new Error(`a call ended without a reply's message, after ${reply.length} bytes`));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
    this.#socket.destroy();
  }
}

/** A ping is answered with what it holds, settings with nothing. */
function echoOf(type: number, payload: Buffer): Buffer {
  return type === FrameType.ping ? payload : Buffer.alloc(0);
}
