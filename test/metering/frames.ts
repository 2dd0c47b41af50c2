import { crc32 } from "../../src/metering/crc32.js";

/** A message of an AWS event stream with such headers of text, as Bedrock writes them. */
export function frame(
  payload: string | Uint8Array,
  headers: Readonly<Record<string, string>> = EVENT,
): Buffer {
  const content = Buffer.from(payload);
  const named = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)));
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(16 + named.length + content.length, 0);
  prelude.writeUInt32BE(named.length, 4);
  const message = Buffer.concat([prelude, uint32(crc32(prelude)), named, content]);
  return Buffer.concat([message, uint32(crc32(message))]);
}

export const EVENT = {
  ":event-type": "chunk",
  ":content-type": "application/json",
  ":message-type": "event",
};
export const EXCEPTION = { ":exception-type": "throttlingException", ":message-type": "exception" };

function header(name: string, value: string): Buffer {
  const text = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([Buffer.of(Buffer.byteLength(name)), Buffer.from(name), Buffer.of(7), length, text]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
