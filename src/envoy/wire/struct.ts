import { defineMessage } from "./codec.js";
import { type WireReader, WireType } from "./reader.js";
import type { WireWriter } from "./writer.js";

/** What JSON can say. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

/** Decoded ones have no prototype, so "__proto__" is a key like any other: use Object.hasOwn. */
export interface JsonObject {
  [key: string]: JsonValue;
}

/**
 * google.protobuf.Struct as a plain JSON object, without the wrappers of Value and ListValue. Throws on one nested
 * more than about 60 levels deep. Of a value sent in parts the last part counts.
 */
export const Struct = defineMessage<JsonObject, JsonObject>({
  name: "google.protobuf.Struct",
  fields: [],
  create: () => Object.create(null) as JsonObject,
  read: readStruct,
  write: writeStruct,
});

/** Where a value is put when read; an entry of a Struct has a key as well. */
interface Holder {
  key: string;
  value: JsonValue;
}

/** Field numbers of google.protobuf.Value. */
const NULL = 1;
const NUMBER = 2;
const STRING = 3;
const BOOL = 4;
const STRUCT = 5;
const LIST = 6;

function readStruct(target: JsonObject, reader: WireReader): void {
  while (reader.nextField()) {
    if (reader.getFieldNumber() === 1) {
      const { key, value } = readHeld(reader, readEntry);
      target[key] = value;
    } else {
      reader.skipUnknown();
    }
  }
}

function readEntry(entry: Holder, reader: WireReader): void {
  while (reader.nextField()) {
    const number = reader.getFieldNumber();
    if (number === 1) {
      reader.expect(WireType.delimited);
      entry.key = reader.text();
    } else if (number === 2) {
      reader.expect(WireType.delimited);
      reader.readMessage(entry, readValue);
    } else {
      reader.skipUnknown();
    }
  }
}

function readList(list: JsonValue[], reader: WireReader): void {
  while (reader.nextField()) {
    if (reader.getFieldNumber() === 1) list.push(readHeld(reader, readValue).value);
    else reader.skipUnknown();
  }
}

function readHeld(reader: WireReader, read: (holder: Holder, reader: WireReader) => void): Holder {
  reader.expect(WireType.delimited);
  return reader.readMessage({ key: "", value: null }, read);
}

function readValue(holder: Holder, reader: WireReader): void {
  while (reader.nextField()) {
    const wireType = WIRE_TYPES[reader.getFieldNumber()];
    if (wireType === undefined) reader.skipUnknown();
    else {
      reader.expect(wireType);
      holder.value = readKind(reader.getFieldNumber(), reader);
    }
  }
}

const WIRE_TYPES: readonly (number | undefined)[] = [
  undefined,
  WireType.varint,
  WireType.fixed64,
  WireType.delimited,
  WireType.varint,
  WireType.delimited,
  WireType.delimited,
];

function readKind(number: number, reader: WireReader): JsonValue {
  switch (number) {
    case NUMBER:
      return reader.readDouble();
    case STRING:
      return reader.text();
    case BOOL:
      return reader.readBool();
    case STRUCT:
      return reader.readMessage(Struct.create(), readStruct);
    case LIST:
      return reader.readMessage([], readList);
    default:
      reader.readEnum();
      return null;
  }
}

function writeStruct(value: JsonObject, writer: WireWriter): void {
  for (const key of Object.keys(value)) {
    writer.writeMessage(1, { key, value: value[key] ?? null }, writeEntry);
  }
}

function writeEntry(entry: Holder, writer: WireWriter): void {
  writer.writeText(1, entry.key);
  writer.writeMessage(2, entry, writeValue);
}

function writeList(list: readonly JsonValue[], writer: WireWriter): void {
  for (const value of list) writer.writeMessage(1, { key: "", value }, writeValue);
}

function writeValue({ value }: Holder, writer: WireWriter): void {
  if (value === null) writer.writeEnum(NULL, 0);
  else if (typeof value === "number") writer.writeDouble(NUMBER, value);
  else if (typeof value === "string") writer.writeText(STRING, value);
  else if (typeof value === "boolean") writer.writeBool(BOOL, value);
  else if (Array.isArray(value)) writer.writeMessage(LIST, value, writeList);
  else writer.writeMessage(STRUCT, value, writeStruct);
}
