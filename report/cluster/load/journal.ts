/** What became of a request, as the client saw it. */
export const Answer = {
  none: 0,
  /** 200, from the backend. */
  admitted: 1,
  /** A limit denied it. */
  denied: 2,
  /** weir could not count it, and denies what it cannot count. */
  uncounted: 3,
  /** Envoy got no decision, or no backend. */
  gatewayFailed: 4,
  /** The connection ended. */
  lost: 5,
} as const;
export type Answer = (typeof Answer)[keyof typeof Answer];

/** Every request of a load, by number in the order of sending, with times in whole milliseconds of this machine's clock. */
export class Journal {
  readonly #lanes: Uint8Array;
  readonly #sentMs: Float64Array;
  readonly #arrivedMs: Float64Array;
  readonly #answeredMs: Float64Array;
  readonly #answers: Uint8Array;
  #size = 0;
  #repeated = 0;

  constructor(capacity: number) {
    this.#lanes = new Uint8Array(capacity);
    this.#sentMs = new Float64Array(capacity);
    this.#arrivedMs = new Float64Array(capacity);
    this.#answeredMs = new Float64Array(capacity);
    this.#answers = new Uint8Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Requests that came to the backend more than once. */
  get repeated(): number {
    return this.#repeated;
  }

  /** Returns the number of the request. */
  sent(lane: number, atMs: number): number {
    const number = this.#size++;
    if (number >= this.#lanes.length) throw new RangeError("more requests than were planned");
    this.#lanes[number] = lane;
    this.#sentMs[number] = atMs;
    return number;
  }

  /** The backend got it. */
  arrived(number: number, atMs: number): void {
    if (!(number < this.#size)) return;
    if (this.#arrivedMs[number]) this.#repeated++;
    else this.#arrivedMs[number] = atMs;
  }

  answered(number: number, answer: Answer, atMs: number): void {
    this.#answers[number] = answer;
    this.#answeredMs[number] = atMs;
  }

  /** In the order of sending. */
  *entries(): Iterable<JournalEntry> {
    for (let number = 0; number < this.#size; number++) {
      yield {
        lane: this.#lanes[number] as number,
        sentMs: this.#sentMs[number] as number,
        arrivedMs: this.#arrivedMs[number] || null,
        answeredMs: this.#answeredMs[number] || null,
        answer: this.#answers[number] as Answer,
      };
    }
  }
}

export interface JournalEntry {
  readonly lane: number;
  readonly sentMs: number;
  /** At the backend: whatever the client was told, the request was admitted. */
  readonly arrivedMs: number | null;
  readonly answeredMs: number | null;
  readonly answer: Answer;
}
