import { type Message, message } from "./codec.js";
import type { Field, FieldType } from "./field.js";
import { WireType } from "./reader.js";

/** A message, or a function that returns it where it refers to itself or to one declared further down. */
export type MessageRef<Out, In> = Message<Out, In> | (() => Message<Out, In>);

export const string = (number: number): Field<string, string> => ({
  ...implicit(number, "string", WireType.delimited, ""),
  read: (reader) => reader.text(),
  write: (writer, value) => writer.writeText(number, value),
});

/** Decodes to a view of the message's bytes: copy what is kept longer. */
export const bytes = (number: number): Field<Buffer, Uint8Array> => ({
  ...implicit(number, "bytes", WireType.delimited, Buffer.alloc(0)),
  read: (reader) => reader.view(),
  write: (writer, value) => writer.writeUint8Array(number, value),
});

export const bool = (number: number): Field<boolean, boolean> => ({
  ...implicit(number, "bool", WireType.varint, false),
  read: (reader) => reader.readBool(),
  write: (writer, value) => writer.writeBool(number, value),
});

export const int32 = (number: number): Field<number, number> => ({
  ...implicit(number, "int32", WireType.varint, 0),
  read: (reader) => reader.readInt32(),
  write: (writer, value) => writer.writeInt32(number, value),
});

export const uint32 = (number: number): Field<number, number> => ({
  ...implicit(number, "uint32", WireType.varint, 0),
  read: (reader) => reader.readUint32(),
  write: (writer, value) => writer.writeUint32(number, value),
});

/** As a number: exact up to 2^53, rounded beyond. */
export const int64 = (number: number): Field<number, number> => ({
  ...implicit(number, "int64", WireType.varint, 0),
  read: (reader) => Number(reader.readInt64()),
  write: (writer, value) => writer.writeInt64(number, value),
});

/** As a number: exact up to 2^53, rounded beyond. */
export const uint64 = (number: number): Field<number, number> => ({
  ...implicit(number, "uint64", WireType.varint, 0),
  read: (reader) => Number(reader.readUint64()),
  write: (writer, value) => writer.writeUint64(number, value),
});

export const double = (number: number): Field<number, number> => ({
  ...implicit(number, "double", WireType.fixed64, 0),
  read: (reader) => reader.readDouble(),
  write: (writer, value) => writer.writeDouble(number, value),
});

/** The enum `of` with the `values` we know. Decodes to any number: a newer Envoy may know more. */
export const enumeration = (
  number: number,
  of: string,
  values: Readonly<Record<string, number>>,
): Field<number, number> => ({
  ...implicit(number, "enum", WireType.varint, 0),
  of: () => of,
  values,
  read: (reader) => reader.readEnum(),
  write: (writer, value) => writer.writeEnum(number, value),
});

/** A message field. What comes in several parts is merged. */
export function embedded<Out, In>(number: number, ref: MessageRef<Out, In>): Field<Out | undefined, In> {
  return {
    number,
    type: "message",
    label: "explicit",
    wireType: WireType.delimited,
    of: () => resolve(ref).name,
    initial: () => undefined,
    read(reader, previous) {
      const { create, read } = resolve(ref);
      return reader.readMessage(previous ?? create(), read);
    },
    write: (writer, value) => writer.writeMessage(number, value, resolve(ref).write),
  };
}

/**
 * A scalar that is a member of a oneof: undefined when absent, and written even when zero. Of the other members
 * nothing is known here: should a sender write two, both are set.
 */
export function member<Out, In>(field: Field<Out, In>): Field<Out | undefined, In> {
  return {
    ...field,
    label: "explicit",
    initial: () => undefined,
    read: (reader) => field.read(reader, field.initial()),
  };
}

/** A list of strings, bytes or messages. Lists of numbers would need packing, which nothing of ours uses. */
export function repeated<Out, In>(element: Field<Out, In>): Field<NonNullable<Out>[], readonly In[]> {
  if (element.wireType !== WireType.delimited) throw new Error("packed fields are not supported");
  return {
    ...element,
    label: "repeated",
    initial: () => [],
    read(reader, list) {
      list.push(element.read(reader, element.initial()) as NonNullable<Out>);
      return list;
    },
    write(writer, list) {
      for (const value of list) element.write(writer, value);
    },
  };
}

/** A map<string, string>. */
export function map(number: number): Field<Map<string, string>, ReadonlyMap<string, string>> {
  const { read, ...general } = entries(number, string(2), () => "");
  return {
    ...general,
    read: (reader, map) => (reader.shortEntry(map) ? map : read(reader, map)),
  };
}

/** A map<string, message>. */
export function mapOf<Out, In>(
  number: number,
  ref: MessageRef<Out, In>,
): Field<Map<string, Out>, ReadonlyMap<string, In>> {
  return entries(number, embedded(2, ref), () => resolve(ref).create());
}

/** On the wire a map is a list of messages with a key and a value, and the last of the same key counts. */
function entries<Out, In>(
  number: number,
  value: Field<Out | undefined, In>,
  absent: () => Out,
): Field<Map<string, Out>, ReadonlyMap<string, In>> {
  const entry = message("map entry", { key: string(1), value });
  return {
    ...value,
    number,
    label: "map",
    initial: () => new Map(),
    read(reader, map) {
      const { key, value } = reader.readMessage(entry.create(), entry.read);
      map.set(key, value ?? absent());
      return map;
    },
    write(writer, map) {
      for (const [key, value] of map) writer.writeMessage(number, { key, value }, entry.write);
    },
  };
}

/** What scalars have in common. `zero` is shared by all messages: it must not be one that can be changed. */
function implicit<T>(number: number, type: FieldType, wireType: number, zero: T) {
  return { number, type, label: "implicit", wireType, initial: () => zero } as const;
}

function resolve<Out, In>(ref: MessageRef<Out, In>): Message<Out, In> {
  return typeof ref === "function" ? ref() : ref;
}
