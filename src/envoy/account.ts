import { claim } from "../decision/claim.js";
import { type Ending, NOTHING, type Reckoning, reckon } from "../decision/reckoning.js";
import type { TokenEstimate } from "../inference/estimate.js";
import type { Usage } from "../metering/usage.js";
import type { AiTerms } from "../policy/ai.js";
import { amountsOf } from "../policy/amounts.js";
import type { Charge } from "../policy/limit.js";
import type { Attendance } from "./attendance.js";
import { type CounterRef, type Passage, scopeOf } from "./metadata.js";
import type { Reservation } from "./reservation.js";
import { settleDeferred, settleUsage } from "./settle.js";

/** An exchange with a model that is over, as far as weir saw it. */
export interface Exchange {
  /** Who tells: the stream that admitted the request, or the one that meters its response. */
  readonly witness: "request" | "response";
  readonly passage: Passage;
  /** Null where nothing was reserved for it. */
  readonly reservation: Reservation | null;
  readonly request: {
    /** `x-request-id`, as Envoy numbers requests. */
    readonly id: string | null;
    /** Of its body; 0 where that is not known. */
    readonly bytes: number;
  };
  readonly response: {
    readonly ending: Ending;
    readonly usage: Usage | null;
    /** Tokens of the answer that passed and that `usage` does not know of, estimated; null where that could not be seen. */
    readonly untold: number | null;
    readonly hasFailed: boolean;
  };
}

/** A request is taken to have a token for so many bytes of its body. */
const BYTES_PER_TOKEN = 4;
/** Of an API that a reload has taken away while its last responses were on their way. */
const FORMER: Pick<AiTerms, "onMissingUsage" | "onDisconnect"> = {
  onMissingUsage: "estimate",
  onDisconnect: "estimate",
};

/** Charges what the exchange used, unless that is done, learns from it, and writes its line in the ledger. */
export async function chargeExchange(attendance: Attendance, exchange: Exchange): Promise<void> {
  const { passage, reservation, response } = exchange;
  const { gate, experience, metrics, log } = attendance;
  const { policy } = gate;
  // Whoever admitted a request may have lost sight of it while another saw its response.
  const isMine = reservation === null || (await claim(gate.store, reservation.id, gate.now()));
  // Where the counters cannot say, it is left to who saw the response, if anybody did: what is held stays so.
  if (!(isMine ?? exchange.witness === "response")) return;
  const terms = policy.apisByRef.get(passage.api)?.ai ?? null;
  // An API that is gone has no name left to be counted under; its limits may still be there.
  const api = terms ? passage.api : "";
  const { usage } = response;
  if (passage.deferred && !reservation) {
    metrics.unadmitted(api);
    log.debug({ api: passage.api }, "a request to a model passed without being read");
    await settleDeferred(gate, passage.deferred.ofModels, usage?.model ?? null);
  }
  const expected = expectedOf(exchange, terms);
  const isReserved = (reservation?.holds.length ?? 0) > 0;
  const reckoning = reckon(terms ?? FORMER, { ...response, told: usage, expected, isReserved });
  const { source, reason, figures } = reckoning;
  metrics.settled(api, source, reason);
  if (reason === "reported" && usage && reservation) {
    experience.learn(scopeOf(passage), reservation.model, reservation.stated, usage);
    metrics.estimated(api, expected, usage);
  }
  metrics.used(api, figures);
  const asked = reservation?.model ?? null;
  const answered = usage?.model ?? asked;
  if (reservation && passage.deferred && asked === null && answered !== null) {
    // Of a request whose model could not be read its limits learn from the response.
    await settleDeferred(gate, counting(passage.deferred.ofModels, reservation), answered, null);
  }
  const charged = await settleUsage(gate, counting(passage.usage, reservation), {
    model: asked ?? answered,
    holds: reservation?.holds ?? [],
    // What is expected is held already; what was told may be more.
    keepsHolds: source === "reservation",
    used: amountsOf(
      source === "reservation" ? (usage ?? NOTHING) : figures,
      policy.models.find(answered) ?? policy.models.find(asked),
    ),
  });
  log.info(ledgerLine(exchange, reckoning, charged), "ledger");
}

/** Without the counters of limits that only watch and had no room. */
function counting(counters: readonly CounterRef[], reservation: Reservation | null): readonly CounterRef[] {
  const full = reservation?.full ?? [];
  if (full.length === 0) return counters;
  return counters.filter((one) => !full.some(({ limit, key }) => limit === one.limit && key === one.key));
}

/** What a request was expected to use. Of what was not read, a token for so many bytes. */
function expectedOf({ reservation, request }: Exchange, terms: AiTerms | null): TokenEstimate {
  const input = Math.ceil(request.bytes / BYTES_PER_TOKEN);
  if (!reservation) return { input, output: terms?.reservation.completionTokens ?? 0 };
  const { expected, isWhole } = reservation;
  return isWhole ? expected : { ...expected, input: Math.max(expected.input, input) };
}

/** What an operator needs to see why an exchange was charged what it was. */
function ledgerLine(
  { passage, reservation, request, response }: Exchange,
  { source, reason, figures }: Reckoning,
  charged: readonly Charge[],
): object {
  const holds = reservation?.holds ?? [];
  const limits = charged.map(({ limit, key, amount }) => {
    const hold = holds.find((held) => held.limit === limit.id && held.key === key);
    return {
      limit: limit.id,
      ...(key === "" ? {} : { key }),
      amount,
      ...(hold ? { held: hold.amount } : {}),
    };
  });
  return {
    ...{ requestId: request.id, api: passage.api, application: passage.application },
    model: response.usage?.model ?? reservation?.model ?? null,
    ...{ source, reason, usage: figures },
    reserved: reservation && holds.length > 0 ? reservation.expected : null,
    limits,
  };
}
