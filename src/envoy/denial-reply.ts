import { status as grpc } from "@grpc/grpc-js";
import type { Denial } from "../decision/decision.js";
import type { Api, FaultOverride, Policy } from "../policy/policy.js";
import type { EpochMs } from "../policy/window.js";
import { type Fault, faultOf } from "./faults/fault.js";
import { dialects, type FaultBody } from "./faults/format.js";
import { isGrpc, negotiate } from "./faults/negotiate.js";
import { secondsUntil } from "./faults/time.js";
import { type LimitHeaders, limitHeaders } from "./limit-headers.js";

/** What a denied client gets. */
export interface DenialReply {
  readonly grpcStatus: number;
  readonly httpStatus: number;
  readonly headers: LimitHeaders;
  readonly body: string;
}

/**
 * A denial in the words that the client understands, whichever of Envoy's services it is told by.
 *
 * @param headers of the request, by lower-case name: they say how the client wants to read it
 */
export function denialReply(
  denial: Denial,
  api: Api | null,
  headers: ReadonlyMap<string, string>,
  policy: Policy,
  now: EpochMs,
): DenialReply {
  const fault = faultOf(denial, policy.faults);
  const dialect = dialects[api?.faults?.format ?? policy.faults.format];
  const written = overridden(dialect.write(fault, negotiate(headers), now), fault, api?.faults ?? null, now);
  const retryAfter = dialect.retryAfter(fault, now);
  const limits: LimitHeaders =
    denial.kind === "limit"
      ? limitHeaders(policy.headers, denial.binding, denial.standings, Boolean(api?.ai), now)
      : [];
  const grpcStatus = grpcCodes[fault.status] ?? grpc.PERMISSION_DENIED;
  const throttledStatus = denial.kind === "limit" ? api?.faults?.status : null;
  return {
    grpcStatus,
    httpStatus: throttledStatus ?? fault.status,
    headers: [
      ["content-type", written.contentType],
      ...Object.entries(written.headers ?? {}),
      ...(retryAfter === null ? [] : [["retry-after", retryAfter] as const]),
      ...limits,
      // Envoy would tell a gRPC client UNAVAILABLE for 429, and so to try again at once.
      ...(isGrpc(headers) ? [["grpc-status", String(grpcStatus)] as const] : []),
      ...Object.entries(api?.faults?.headers ?? {}),
    ],
    body: written.body,
  };
}

function overridden(written: FaultBody, fault: Fault, own: FaultOverride | null, now: EpochMs): FaultBody {
  if (!own?.body) return written;
  const values: Readonly<Record<string, string>> = {
    code: String(fault.code),
    message: fault.message,
    description: fault.description,
    retryAfterSeconds: fault.resetAt === null ? "" : String(secondsUntil(fault.resetAt, now)),
  };
  const fill = (_: string, name: string) => values[name] ?? "";
  const body = own.body.template.replaceAll(/\{(code|message|description|retryAfterSeconds)\}/g, fill);
  return { ...written, contentType: own.body.contentType, body };
}

const grpcCodes: Readonly<Record<number, number>> = {
  401: grpc.UNAUTHENTICATED,
  403: grpc.PERMISSION_DENIED,
  404: grpc.NOT_FOUND,
  429: grpc.RESOURCE_EXHAUSTED,
  503: grpc.RESOURCE_EXHAUSTED,
};
