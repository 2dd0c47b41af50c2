import { type Redis, type SentinelConnectionOptions, SentinelConnector } from "ioredis";

/**
 * ioredis's own, but for the connections that listen for failovers: nobody listens to their errors, and those would
 * be printed. A sentinel that is gone is no news while there are others.
 */
export class QuietSentinelConnector extends SentinelConnector {
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions);
    const connectToSentinel: (...args: unknown[]) => Redis = this["connectToSentinel"].bind(this);
    this["connectToSentinel"] = (...args: unknown[]) => connectToSentinel(...args).on("error", () => {});
  }
}
