import protobuf from "google-protobuf";
import type { WireWriter } from "../../../src/envoy/wire/writer.js";

/** Of google-protobuf's BinaryWriter, what is used below. The rest of WireWriter's methods it has under the same names. */
interface BinaryWriter {
  writeUint8Array(field: number, value: Uint8Array): void;
  getResultBuffer(): Uint8Array;
}

const BinaryWriter = protobuf.BinaryWriter as unknown as new () => BinaryWriter;

class GoogleWriter extends BinaryWriter {
  writeText(field: number, value: string): void {
    this.writeUint8Array(field, Buffer.from(value));
  }

  finish(): Buffer {
    return Buffer.from(this.getResultBuffer());
  }
}

/** google-protobuf's writer in WireWriter's place: what weir writes must be what it writes. */
export function googleWriter(): WireWriter {
  return new GoogleWriter() as unknown as WireWriter;
}
