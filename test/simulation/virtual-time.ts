interface Event {
  readonly time: number;
  readonly number: number;
  run: (() => unknown) | null;
}

/** What an event returns that nothing asynchronous can come of: time need not wait for it. */
export const QUIET = Symbol("quiet");

/** Time that goes on only from event to event. In milliseconds, with fractions, from 0. */
export class VirtualTime {
  /** A heap, the next event first; those of one moment in the order in which they were made. */
  readonly #events: Event[] = [];
  #count = 0;
  #now = 0;

  get now(): number {
    return this.#now;
  }

  /** Events that have been made so far. */
  get count(): number {
    return this.#count;
  }

  /** Runs at a time, or now if that is past, unless the returned function is called before. */
  at(time: number, run: () => unknown): () => void {
    const event: Event = { time: Math.max(time, this.#now), number: this.#count++, run };
    this.#push(event);
    return () => {
      event.run = null;
    };
  }

  after(delayMs: number, run: () => unknown): () => void {
    return this.at(this.#now + delayMs, run);
  }

  /** Runs all events up to a time. After each, all promises that it settled have had their effect. */
  async runTo(end: number): Promise<void> {
    for (let event = this.#events[0]; event && event.time <= end; event = this.#events[0]) {
      this.#pop();
      if (!event.run) continue;
      this.#now = event.time;
      if (event.run() !== QUIET) await new Promise((resolve) => setImmediate(resolve));
    }
    this.#now = end;
  }

  #push(event: Event): void {
    const events = this.#events;
    let at = events.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = events[parent] as Event;
      if (!isBefore(event, above)) break;
      events[at] = above;
      at = parent;
    }
    events[at] = event;
  }

  #pop(): void {
    const events = this.#events;
    const last = events.pop() as Event;
    if (events.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const right = events[child + 1];
      if (right && isBefore(right, events[child] as Event)) child++;
      const below = events[child];
      if (!below || !isBefore(below, last)) break;
      events[at] = below;
      at = child;
    }
    events[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.number < b.number);
}
