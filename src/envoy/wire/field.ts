import type { WireReader } from "./reader.js";
import type { WireWriter } from "./writer.js";

/** The protobuf types that our tables use. Under label "map" it is the type of the map's values. */
export type FieldType =
  | "string"
  | "bytes"
  | "bool"
  | "int32"
  | "int64"
  | "uint32"
  | "uint64"
  | "double"
  | "enum"
  | "message";

/**
 * What an absent field means: "implicit" the type's zero, which is then not written either; "explicit" undefined
 * (messages, and members of a oneof); "repeated" and "map" an empty one.
 */
export type FieldLabel = "implicit" | "explicit" | "repeated" | "map";

/** What a table says about a field, to compare it with Envoy's own descriptors. */
export interface FieldInfo {
  /** camelCase, which is protobuf's JSON name. */
  readonly name: string;
  readonly number: number;
  readonly type: FieldType;
  readonly label: FieldLabel;
  /** The full name of the field's message or enum type. */
  readonly of: string | undefined;
  /** The enum's values that we know. */
  readonly values: Readonly<Record<string, number>> | undefined;
}

/** One row of a message table. `Out` is the type when decoded, `In` the type to encode. */
export interface Field<Out, In> {
  readonly number: number;
  readonly type: FieldType;
  readonly label: FieldLabel;
  readonly wireType: number;
  /** See FieldInfo. A function because the type may be declared later. */
  of?(): string;
  readonly values?: Readonly<Record<string, number>>;
  /** The value of an absent field. A new one at every call when it can be changed. */
  initial(): Out;
  /** The value after reading once more from the wire; what was read before is added to or replaced. */
  read(reader: WireReader, previous: Out): Out;
  /** Writes the value, zero or not. */
  write(writer: WireWriter, value: In): void;
}
