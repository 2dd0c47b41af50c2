import { StoreUnreachable } from "../counters/store.js";
import type { EpochMs } from "../policy/window.js";

/** Told once for each change, not for each call. */
export interface LinkEvents {
  readonly onDown: (reason: string) => void;
  readonly onUp: () => void;
}

export interface LinkOptions {
  readonly deadlineMs: number;
  readonly now: () => EpochMs;
  readonly events: LinkEvents;
  /** Resolves when Redis has counted something. */
  readonly beat: () => Promise<unknown>;
  /** Called when a connection seems to be there and nothing comes: gives it up for a new one. */
  readonly reconnect: () => void;
}

/** Between two signs of life while all is well, and after one that failed or was late. */
const BEAT_MS = 1_000;
const PROBE_MS = 100;
/** A connection that has not answered for so long is given up. */
const STALLED_MS = 500;
/** How long the start waits for the first sign of life. */
const START_MS = 1_000;

/**
 * Whether Redis can be counted on. It cannot from the first call that fails or misses the deadline, so that only that
 * one's request has waited; it can again when a sign of life was answered in time.
 */
export class RedisLink {
  readonly #options: LinkOptions;
  #up = false;
  #reason = "Redis has not answered yet";
  #roseAt: EpochMs = -Infinity;
  #told = false;
  #timer: NodeJS.Timeout | undefined;
  #probing = false;
  #stopped = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get up(): boolean {
    return this.#up;
  }

  /** Why it is not up. */
  get reason(): string {
    return this.#reason;
  }

  /** Resolves when the first sign of life was answered, or too late to wait for. */
  async start(): Promise<void> {
    const deadline = this.#options.now() + START_MS;
    while (!this.#up && this.#options.now() < deadline) {
      await this.#probe();
      if (!this.#up) await new Promise((resolve) => setTimeout(resolve, PROBE_MS / 4));
    }
    if (!this.#up) this.#tellDown();
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** The call's answer, if it comes before the deadline; else rejects with StoreUnreachable. */
  within<T>(call: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#atDeadline(() => reject(this.#late()));
      call.then(
        (value) => {
          cancel();
          resolve(value);
        },
        (error: Error) => {
          cancel();
          reject(this.#failed(error));
        },
      );
    });
  }

  /** The call's answer, however late; null when it fails. */
  async watch<T>(call: Promise<T>): Promise<T | null> {
    const cancel = this.#atDeadline(() => this.#late());
    try {
      return await call;
    } catch (error) {
      this.#failed(error as Error);
      return null;
    } finally {
      cancel();
    }
  }

  /** An answer that has arrived while this process was busy is not late: it is read before `run`. */
  #atDeadline(run: () => void): () => void {
    let isOff = false;
    const timer = setTimeout(() => {
      setImmediate(() => {
        if (!isOff) run();
      });
    }, this.#options.deadlineMs);
    return () => {
      isOff = true;
      clearTimeout(timer);
    };
  }

  #late(): StoreUnreachable {
    return this.#down(`no answer within ${this.#options.deadlineMs} ms`);
  }

  #failed(error: Error): StoreUnreachable {
    return this.#down(error.message, error);
  }

  #down(reason: string, cause?: Error): StoreUnreachable {
    this.#reason = reason;
    if (this.#up) {
      this.#up = false;
      this.#tellDown();
      // It may have been a hiccup; but not again and again.
      this.#schedule(this.#options.now() - this.#roseAt > BEAT_MS ? 0 : PROBE_MS);
    }
    return new StoreUnreachable(reason, { cause });
  }

  #tellDown(): void {
    this.#told = true;
    this.#options.events.onDown(this.#reason);
  }

  #schedule(delayMs = this.#up ? BEAT_MS : PROBE_MS): void {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#probing) return;
    this.#timer = setTimeout(() => void this.#probe(), delayMs).unref();
  }

  /** Never rejects, and never takes much longer than {@link STALLED_MS}. */
  async #probe(): Promise<void> {
    clearTimeout(this.#timer);
    this.#probing = true;
    const sentAt = this.#options.now();
    let stalled: NodeJS.Timeout | undefined;
    const silence = new Promise<"silence">((resolve) => {
      stalled = setTimeout(() => resolve("silence"), STALLED_MS);
    });
    const beat = this.#options.beat().then(
      () => "answer" as const,
      (error: Error) => error,
    );
    const answer = await Promise.race([beat, silence]);
    clearTimeout(stalled);
    this.#probing = false;
    if (this.#stopped) return;
    if (answer instanceof Error) this.#failed(answer);
    else if (answer === "silence") {
      this.#late();
      this.#options.reconnect();
    } else if (this.#options.now() - sentAt > this.#options.deadlineMs) this.#late();
    else this.#rise();
    this.#schedule();
  }

  #rise(): void {
    if (this.#up) return;
    this.#up = true;
    this.#roseAt = this.#options.now();
    if (this.#told) this.#options.events.onUp();
    this.#told = false;
  }
}
