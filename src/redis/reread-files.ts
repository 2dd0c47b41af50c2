import { readFile } from "node:fs/promises";

export interface RereadOptions {
  /** What the files are, for messages: `the password of Redis`. */
  readonly what: string;
  readonly paths: readonly string[];
  /**
   * Takes over what the files say, one text for each path, and again when they change. Throws when it makes no
   * sense; then what was taken before stays.
   */
  readonly take: (texts: readonly string[]) => void;
  /** Told once, until it is another one or the files are good again. */
  readonly onProblem: (message: string) => void;
}

const LOOK_MS = 1_000;

/** Secrets that are replaced while weir runs: read again every second, because mounted ones tell of no change. */
export class RereadFiles {
  readonly #options: RereadOptions;
  readonly #timer: NodeJS.Timeout;
  #seen: string | null = null;
  #told: string | null = null;
  #looking: Promise<void> | null = null;

  constructor(options: RereadOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Reads the files now. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { what, paths, take, onProblem } = this.#options;
    try {
      const texts = await Promise.all(paths.map((path) => readFile(path, "utf8")));
      const seen = JSON.stringify(texts);
      if (seen !== this.#seen) take(texts);
      this.#seen = seen;
      this.#told = null;
    } catch (error) {
      const message = `cannot read ${what}: ${(error as Error).message}`;
      if (message !== this.#told) onProblem(message);
      this.#told = message;
    }
  }
}
