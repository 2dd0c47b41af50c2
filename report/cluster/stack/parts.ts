/** What was started and is to be stopped, the last first. */
export class Parts {
  readonly #started: { stop(): Promise<void> }[] = [];

  async start<T extends { stop(): Promise<void> }>(part: Promise<T>): Promise<T> {
    const running = await part;
    this.#started.push(running);
    return running;
  }

  /** All of them at once. Waits for all even when one fails, so that each can be stopped. */
  async startAll<T extends { stop(): Promise<void> }>(parts: readonly Promise<T>[]): Promise<T[]> {
    const results = await Promise.allSettled(parts.map((part) => this.start(part)));
    return results.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  }

  async stop(): Promise<void> {
    for (const part of this.#started.splice(0).reverse()) await part.stop();
  }
}
