const SMALLEST_BYTES = 256;
/** Storage up to this size is kept for reuse; more is given back, so that one long line does not stay for the stream. */
const KEPT_BYTES = 64 * 1024;

/** Bytes collected from several chunks, never more than `maxBytes` of them. Copies, so a chunk may be reused. */
export class BoundedBytes {
  readonly #maxBytes: number;
  #storage = new Uint8Array(0);
  #length = 0;
  #hasOverflowed = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  /** Whether more than `maxBytes` came since the last {@link clear}; the first `maxBytes` of them are held. */
  get hasOverflowed(): boolean {
    return this.#hasOverflowed;
  }

  append(bytes: Uint8Array): void {
    const room = this.#maxBytes - this.#length;
    const fitting = bytes.length > room ? bytes.subarray(0, room) : bytes;
    if (fitting !== bytes) this.#hasOverflowed = true;
    this.#reserve(this.#length + fitting.length);
    this.#storage.set(fitting, this.#length);
    this.#length += fitting.length;
  }

  /** The bytes held: a view that the next append or clear invalidates. */
  view(): Uint8Array {
    return this.#storage.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    this.#hasOverflowed = false;
    if (this.#storage.length > KEPT_BYTES) this.#storage = new Uint8Array(0);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#storage.length) return;
    const doubled = Math.max(bytes, this.#storage.length * 2, SMALLEST_BYTES);
    const grown = new Uint8Array(Math.min(doubled, this.#maxBytes));
    grown.set(this.view());
    this.#storage = grown;
  }
}
