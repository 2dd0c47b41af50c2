import { type Infer, type Init, message } from "./codec.js";
import { bytes, embedded, enumeration, mapOf, repeated, string } from "./fields.js";
import { Struct } from "./struct.js";

/**
 * envoy.config.core.v3.HeaderValue. Of the two values exactly one is used, and which depends on the service, both
 * ways: ext_authz has it in `value`, ext_proc in `rawValue`, which is bytes as the client sent them.
 */
export const HeaderValue = message("envoy.config.core.v3.HeaderValue", {
  key: string(1),
  value: string(2),
  rawValue: bytes(3),
});
export type HeaderValue = Infer<typeof HeaderValue>;

/** envoy.config.core.v3.HeaderValueOption.HeaderAppendAction. */
export const HeaderAppendAction = {
  APPEND_IF_EXISTS_OR_ADD: 0,
  ADD_IF_ABSENT: 1,
  OVERWRITE_IF_EXISTS_OR_ADD: 2,
  OVERWRITE_IF_EXISTS: 3,
} as const;

/** envoy.config.core.v3.HeaderValueOption: a header to set, and what becomes of one of the same name. */
export const HeaderValueOption = message("envoy.config.core.v3.HeaderValueOption", {
  header: embedded(1, HeaderValue),
  appendAction: enumeration(
    3,
    "envoy.config.core.v3.HeaderValueOption.HeaderAppendAction",
    HeaderAppendAction,
  ),
});
export type HeaderValueOption = Infer<typeof HeaderValueOption>;
export type HeaderValueOptionInit = Init<typeof HeaderValueOption>;

/** envoy.config.core.v3.HeaderMap: headers in the order they came, a name as often as it came. */
export const HeaderMap = message("envoy.config.core.v3.HeaderMap", {
  headers: repeated(embedded(1, HeaderValue)),
});
export type HeaderMap = Infer<typeof HeaderMap>;

/** envoy.config.core.v3.Metadata: what filters left for later ones, by the name of the filter. */
export const Metadata = message("envoy.config.core.v3.Metadata", {
  filterMetadata: mapOf(1, Struct),
});
export type Metadata = Infer<typeof Metadata>;
