const STATUS_TAG = 0x0a;
const DENIED_RESPONSE_TAG = 0x12;
const OK_RESPONSE_TAG = 0x1a;

/** What a CheckResponse decides, without decoding it: the field behind the status, a short message, tells. */
export function outcomeOf(checkResponse: Buffer): "allowed" | "denied" {
  const [tag, statusBytes = 0] = checkResponse;
  const next = tag === STATUS_TAG ? checkResponse[2 + statusBytes] : undefined;
  if (next === OK_RESPONSE_TAG) return "allowed";
  if (next === DENIED_RESPONSE_TAG) return "denied";
  throw new Error(`not a CheckResponse of weir: ${checkResponse.toString("hex")}`);
}
