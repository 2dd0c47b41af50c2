import type { Field, FieldInfo } from "./field.js";
import { WireReader } from "./reader.js";
import { WireWriter } from "./writer.js";

/**
 * A protobuf message and how to read and write it. `Out` is what decoding yields: a plain object with every field
 * of the table, absent ones at their proto3 default ("", 0, false, [], an empty Map; undefined for messages and
 * members of a oneof). `In` is what encoding takes: the same with every field optional.
 */
export interface Message<Out, In> {
  /** The full protobuf name, such as "envoy.service.auth.v3.CheckRequest". */
  readonly name: string;
  readonly fields: readonly FieldInfo[];
  /** Fields not in the table are skipped. Throws MalformedMessageError. Views in the result share `bytes`. */
  decode(bytes: Uint8Array): Out;
  /** Throws an Error when a number does not fit its field's type. */
  encode(value: In): Buffer;
  /** The message without any field. */
  create(): Out;
  /** Merges what `reader` holds up to its end into `target`, as protobuf wants it for a message sent in parts. */
  read(target: Out, reader: WireReader): void;
  write(value: In, writer: WireWriter): void;
}

/** What decoding `M` yields. */
export type Infer<M> = M extends Message<infer Out, unknown> ? Out : never;

/** What encoding `M` takes. */
export type Init<M> = M extends Message<unknown, infer In> ? In : never;

/** The bytes are not the message they should be: truncated, of another type, nested too deeply. */
export class MalformedMessageError extends Error {
  override readonly name = "MalformedMessageError";

  constructor(message: string, cause: unknown) {
    super(`malformed ${message}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

type Fields = Readonly<Record<string, Field<unknown, unknown>>>;
type Decoded<F> = { [K in keyof F]: F[K] extends Field<infer Out, unknown> ? Out : never };
type Encodable<F> = {
  readonly [K in keyof F]?: (F[K] extends Field<unknown, infer In> ? In : never) | undefined;
};

/** The message `name` with the fields of the table, whose keys are the camelCase of the protobuf names. */
export function message<F extends Fields>(name: string, table: F): Message<Decoded<F>, Encodable<F>> {
  const slots = Object.entries(table).map(([key, field]) => slotOf(key, field));
  const template: Record<string, unknown> = {};
  const byNumber: (Slot | undefined)[] = [];
  for (const slot of slots) {
    const { number } = slot.info;
    template[slot.key] = slot.initial();
    while (byNumber.length <= number) byNumber.push(undefined);
    if (byNumber[number]) throw new Error(`${name}: two fields have number ${number}`);
    byNumber[number] = slot;
  }
  const containers = slots.filter((slot) => slot.isContainer);

  return defineMessage<Record<string, unknown>, Readonly<Record<string, unknown>>>({
    name,
    fields: slots.map((slot) => slot.info),
    create() {
      const target = { ...template };
      for (const { key, initial } of containers) target[key] = initial();
      return target;
    },
    read(target, reader) {
      while (reader.nextField()) {
        const slot = byNumber[reader.getFieldNumber()];
        if (slot === undefined) {
          reader.skipUnknown();
          continue;
        }
        reader.expect(slot.wireType);
        const value = slot.read(reader, target[slot.key]);
        // A list or map has grown in place. Storing it again for each of its elements would cost.
        if (!slot.isContainer) target[slot.key] = value;
      }
    },
    write(value, writer) {
      for (const { key, isImplicit, write } of slots) {
        const content = value[key];
        if (content !== undefined && !(isImplicit && isZero(content))) write(writer, content);
      }
    },
  }) as Message<Decoded<F>, Encodable<F>>;
}

/** A message read and written by hand, where a table's plain object is not the shape wanted. */
export function defineMessage<Out, In>(by: Omit<Message<Out, In>, "decode" | "encode">): Message<Out, In> {
  return {
    ...by,
    decode(bytes) {
      const source = Buffer.isBuffer(bytes)
        ? bytes
        : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const target = by.create();
      try {
        by.read(target, new WireReader(source));
      } catch (error) {
        throw new MalformedMessageError(by.name, error);
      }
      return target;
    },
    encode(value) {
      const writer = new WireWriter();
      by.write(value, writer);
      return writer.finish();
    },
  };
}

/** Whether proto3 leaves the value out of the bytes. -0 is not zero: leaving it out would lose its sign. */
function isZero(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.length === 0;
  return value === "" || value === false || Object.is(value, 0);
}

/** A field as decoding needs it. All slots have the same shape, which lets the engine inline the reads. */
type Slot = ReturnType<typeof slotOf>;

function slotOf(key: string, field: Field<unknown, unknown>) {
  const { wireType, label, initial, read, write } = field;
  const isContainer = label === "repeated" || label === "map";
  const info: FieldInfo = {
    name: key,
    number: field.number,
    type: field.type,
    label,
    values: field.values,
    get of() {
      return field.of?.();
    },
  };
  return { key, wireType, isContainer, isImplicit: label === "implicit", initial, read, write, info };
}
