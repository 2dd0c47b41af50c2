import { connect, type Socket } from "node:net";

/** The status and the body; a status of 0 when the connection ended first. */
export type OnAnswer = (status: number, body: string) => void;

const HEAD_END = "\r\n\r\n";
const STATUS_AT = "HTTP/1.1 ".length;

/** One kept-alive connection with one request at a time, for a part of the CPU that node:http takes. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #onEnd: (connection: HttpConnection) => void;
  #received = "";
  #onAnswer: OnAnswer | null = null;

  constructor(port: number, onEnd: (connection: HttpConnection) => void) {
    this.#onEnd = onEnd;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (text: string) => this.#receive(text));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      this.#onEnd(this);
      this.#answer(0, "");
    });
  }

  /** Sends a request that has no body. */
  send(head: string, onAnswer: OnAnswer): void {
    this.#onAnswer = onAnswer;
    this.#socket.write(head, "latin1");
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (length === undefined) throw new Error(`a response without a length:\n${head}`);
    const bodyStart = headEnd + HEAD_END.length;
    const end = bodyStart + Number(length);
    if (this.#received.length < end) return;
    const body = this.#received.slice(bodyStart, end);
    this.#received = this.#received.slice(end);
    if (/\r\nconnection: close/i.test(head)) this.#socket.end();
    this.#answer(Number(head.slice(STATUS_AT, STATUS_AT + 3)), body);
  }

  #answer(status: number, body: string): void {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = null;
    onAnswer?.(status, body);
  }
}
