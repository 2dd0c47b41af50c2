import { WireType } from "./reader.js";

/** Room for nearly every message. A longer one gets a buffer of its own, which is not kept. */
const SCRATCH_BYTES = 64 * 1024;
/** The most bytes that a varint takes, and that a UTF-16 code unit takes in UTF-8. */
const MAX_VARINT = 10;
const MAX_UTF8 = 3;

/** Where messages are put together before they are copied out. Whoever writes one takes it. */
let scratch: Buffer | undefined;

/**
 * Writes one message. google-protobuf's BinaryWriter makes an array of numbers for each message within it; here
 * all go to one buffer, each behind a byte for its length, and the few that need more for it are moved.
 */
export class WireWriter {
  #bytes: Buffer;
  #end = 0;

  /** A message written while another one is gets a buffer of its own, and so does the next after one that failed. */
  constructor() {
    this.#bytes = scratch ?? Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    scratch = undefined;
  }

  /** The message, as a copy. The writer must not be used any more. */
  finish(): Buffer {
    const message = Buffer.allocUnsafe(this.#end);
    this.#bytes.copy(message, 0, 0, this.#end);
    if (this.#bytes.length === SCRATCH_BYTES) scratch = this.#bytes;
    return message;
  }

  /** A string field. A surrogate without its partner becomes U+FFFD. */
  writeText(field: number, value: string): void {
    const start = this.#open(field);
    this.#reserve(value.length * MAX_UTF8);
    this.#end += this.#bytes.write(value, start);
    this.#close(start);
  }

  writeUint8Array(field: number, value: Uint8Array): void {
    this.#tag(field, WireType.delimited);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#end);
    this.#end += value.length;
  }

  writeBool(field: number, value: boolean): void {
    this.#tag(field, WireType.varint);
    this.#varint(value ? 1 : 0);
  }

  writeInt32(field: number, value: number): void {
    this.#integer(field, value, -(2 ** 31), 2 ** 31);
  }

  writeInt64(field: number, value: number): void {
    this.#integer(field, value, -(2 ** 63), 2 ** 63);
  }

  writeUint32(field: number, value: number): void {
    this.#integer(field, value, 0, 2 ** 32);
  }

  writeUint64(field: number, value: number): void {
    this.#integer(field, value, 0, 2 ** 64);
  }

  writeEnum(field: number, value: number): void {
    this.writeInt32(field, value);
  }

  writeDouble(field: number, value: number): void {
    this.#tag(field, WireType.fixed64);
    this.#reserve(8);
    this.#end = this.#bytes.writeDoubleLE(value, this.#end);
  }

  /** A message field, whose content `write` writes. */
  writeMessage<T>(field: number, value: T, write: (value: T, writer: this) => void): void {
    const start = this.#open(field);
    write(value, this);
    this.#close(start);
  }

  /** Begins a field whose length is not known yet, leaving one byte for it, and returns where its content starts. */
  #open(field: number): number {
    this.#tag(field, WireType.delimited);
    this.#reserve(1);
    this.#end += 1;
    return this.#end;
  }

  /** Ends the field whose content began at `start`, making way for its length where one byte cannot hold it. */
  #close(start: number): void {
    const length = this.#end - start;
    if (length < 128) {
      this.#bytes[start - 1] = length;
      return;
    }
    const shift = varintLength(length) - 1;
    this.#reserve(shift);
    this.#bytes.copyWithin(start + shift, start, this.#end);
    this.#end = start - 1;
    this.#varint(length);
    this.#end += length;
  }

  #integer(field: number, value: number, from: number, below: number): void {
    if (!(Number.isInteger(value) && value >= from && value < below)) {
      throw new RangeError(`field ${field} cannot hold ${value}`);
    }
    this.#tag(field, WireType.varint);
    this.#varint(value);
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  /** An integer of 64 bits in groups of 7, the lowest first; all but the last are marked. */
  #varint(value: number): void {
    this.#reserve(MAX_VARINT);
    const bytes = this.#bytes;
    let rest = value;
    let end = this.#end;
    if (value < 0) {
      // Two's complement, which is how `&` and Math.floor see it: nine groups, then the sign bit alone.
      for (let group = 0; group < 9; group++) {
        bytes[end++] = (rest & 127) | 128;
        rest = Math.floor(rest / 128);
      }
      rest = 1;
    }
    while (rest > 127) {
      bytes[end++] = (rest & 127) | 128;
      rest = Math.floor(rest / 128);
    }
    bytes[end++] = rest;
    this.#end = end;
  }

  /** Makes sure that `count` more bytes fit. */
  #reserve(count: number): void {
    const needed = this.#end + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length++;
  return length;
}
