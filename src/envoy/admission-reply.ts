import type { Denial } from "../decision/decision.js";
import type { Api, Policy } from "../policy/policy.js";
import type { EpochMs } from "../policy/window.js";
import { denialReply } from "./denial-reply.js";
import { findHeader, joinedHeaders } from "./header.js";
import { reasonOf } from "./metadata.js";
import { ADMISSION_NAMESPACE } from "./reservation.js";
import { HeaderAppendAction, type HeaderMap, type HeaderValueOptionInit } from "./wire/base.js";
import type {
  CommonResponseInit,
  ImmediateResponseInit,
  ProcessingResponseInit,
} from "./wire/ext-proc-response.js";

/** Whether the response is an event stream that can be read as it is. */
export function isReadableStream(headers: HeaderMap | undefined): boolean {
  const type = findHeader(headers, "content-type") ?? "";
  const coding = findHeader(headers, "content-encoding") ?? "identity";
  return type.toLowerCase().startsWith("text/event-stream") && coding === "identity";
}

/** A body in the place of the client's. Envoy does not correct the length itself, and refuses a body of another. */
export function replaced(body: Uint8Array): CommonResponseInit {
  return { headerMutation: { removeHeaders: ["content-length"] }, bodyMutation: { body } };
}

/** What the client gets in place of an answer. */
export function refusal(
  denial: Denial,
  api: Api,
  headers: HeaderMap,
  policy: Policy,
  now: EpochMs,
): ProcessingResponseInit {
  const reply = denialReply(denial, api, joinedHeaders(headers), policy, now);
  const immediateResponse: ImmediateResponseInit = {
    status: { code: reply.httpStatus },
    headers: { setHeaders: reply.headers.map(([key, value]) => header(key, value)) },
    body: Buffer.from(reply.body),
    details: "weir_denied",
  };
  const metadata = { decision: "deny", ...reasonOf(denial) };
  return { immediateResponse, dynamicMetadata: { [ADMISSION_NAMESPACE]: metadata } };
}

/** In place of one of the same name. */
export function header(key: string, value: string): HeaderValueOptionInit {
  return {
    header: { key, rawValue: Buffer.from(value) },
    appendAction: HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
  };
}
