import { type Message, message } from "../../../src/envoy/wire/codec.js";
import {
  bool,
  bytes,
  double,
  embedded,
  enumeration,
  int32,
  int64,
  map,
  mapOf,
  member,
  repeated,
  string,
  uint32,
  uint64,
} from "../../../src/envoy/wire/fields.js";

/** Embedded in All. */
export const Point = message("test.Point", { x: int32(1), y: int32(2), tags: repeated(string(3)) });

/** A message with a field of every kind. */
export const All = message("test.All", {
  text: string(1),
  raw: bytes(2),
  flag: bool(3),
  int: int32(4),
  big: int64(5),
  unsigned: uint32(6),
  real: double(7),
  choice: enumeration(8, "test.Choice", { NONE: 0, SOME: 1 }),
  point: embedded(9, Point),
  points: repeated(embedded(10, Point)),
  names: map(11),
  places: mapOf(12, Point),
  either: member(string(13)),
  wide: uint64(14),
});

export interface Tree {
  label: string;
  children: Tree[];
}
/** A message that contains itself. */
export const Tree: Message<Tree, Tree> = message("test.Tree", {
  label: string(1),
  children: repeated(embedded(2, () => Tree)),
});

/** A Tree with one child, given in bytes. */
export const Child = message("test.Child", { tree: member(bytes(2)) });

/** Bytes written in hexadecimal, with spaces for the eye. */
export const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
