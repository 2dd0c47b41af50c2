import { followPolicy } from "../config/follow.js";
import type { LoadedPolicy } from "../config/load.js";
import { publishResources, retireClusters } from "../envoy-config/publish.js";
import { type Resources, resourcesOf } from "../envoy-config/resources.js";
import type { EnvoySettings } from "../envoy-config/settings.js";
import { WeirError } from "../errors.js";
import { createLogger, type Logger } from "../telemetry/logger.js";
import type { Terminal } from "./command.js";

/** Envoy hears of a file within milliseconds; looking up the names of new clusters takes longer. */
export const TAKE_UP_MS = 1_000;
/** As long as a request may take to come to its end, and longer than most answers of models. */
const LINGER_MS = 600_000;
const RETRY_MS = 2_000;

/**
 * Writes the files of `folder` anew whenever the policy changes, until it is stopped. A policy that is bad, or leads
 * nowhere, changes nothing.
 */
export async function followInFiles(
  file: string,
  loaded: LoadedPolicy & { readonly text: string },
  settings: EnvoySettings,
  folder: string,
  terminal: Terminal,
): Promise<void> {
  const log = createLogger("info");
  const steps = new Steps(log);
  const retireLater = (resources: Resources) =>
    steps.later(LINGER_MS, () => retireClusters(folder, resources));
  retireLater(resourcesOf(loaded, settings, folder));
  log.info({ policy: file }, "Envoy's configuration is written, and will be when the policy changes");
  const stop = followPolicy(file, loaded.text, {
    taken(changed) {
      for (const warning of changed.warnings) log.warn(warning);
      const resources = resourcesOf(changed, settings, folder);
      return steps.next(async () => {
        await publishResources(folder, resources, TAKE_UP_MS, "all");
        retireLater(resources);
        log.info("Envoy's configuration is written anew");
      });
    },
    refused: (refusal) => log.error(refusal, "Envoy's configuration stays as it is"),
  });
  await terminal.untilStopped();
  stop();
  steps.stop();
}

type Step = () => Promise<void>;

/**
 * What writes files, one after the other: two at once would take each other's clusters away. At most one step waits
 * for its time; the next that runs takes its place.
 */
class Steps {
  readonly #log: Logger;
  #turn = Promise.resolve();
  #waiting: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  next(step: Step): Promise<void> {
    this.#turn = this.#turn.then(() => this.#take(step));
    return this.#turn;
  }

  later(delayMs: number, step: Step): void {
    this.stop();
    this.#waiting = setTimeout(() => this.next(step), delayMs).unref();
  }

  stop(): void {
    clearTimeout(this.#waiting);
  }

  /** Again and again, where files cannot be written. */
  async #take(step: Step): Promise<void> {
    this.stop();
    try {
      await step();
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      this.#log.error({ reason: error.message }, "Envoy's configuration is not written whole; trying again");
      this.later(RETRY_MS, step);
    }
  }
}
