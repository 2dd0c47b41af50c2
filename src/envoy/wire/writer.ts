import protobuf from "google-protobuf";

/** What google-protobuf 4.0 offers and we use; its published typings still describe 3.15. */
interface BinaryWriter {
  writeUint8Array(field: number, value: Uint8Array): void;
  writeBool(field: number, value: boolean): void;
  writeInt32(field: number, value: number): void;
  writeInt64(field: number, value: number): void;
  writeUint32(field: number, value: number): void;
  writeDouble(field: number, value: number): void;
  writeEnum(field: number, value: number): void;
  /** Writes nothing when the value is null or undefined. */
  writeMessage<T>(field: number, value: T, write: (value: T, writer: this) => void): void;
  getResultBuffer(): Uint8Array;
}

const BinaryWriter = protobuf.BinaryWriter as unknown as new () => BinaryWriter;

/** BinaryWriter with strings turned into bytes by Node's Buffer, which halves the time of an encode. */
export class WireWriter extends BinaryWriter {
  /** A string field. A surrogate without its partner becomes U+FFFD. */
  writeText(field: number, value: string): void {
    this.writeUint8Array(field, Buffer.from(value));
  }

  finish(): Buffer {
    const bytes = this.getResultBuffer();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}
