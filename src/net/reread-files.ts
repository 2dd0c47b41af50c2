import { readFile } from "node:fs/promises";

export interface RereadFile {
  /** What it is called in messages: `the password of Redis`, `--tls-cert`. */
  readonly name: string;
  readonly path: string;
}

export interface RereadOptions {
  readonly files: readonly (RereadFile & {
    /** Throws when the text makes no sense, for itself. */
    readonly check: (text: string) => void;
  })[];
  /**
   * Takes over what the files say, one text for each, and again when they change. Throws when they make no sense
   * together; then what was taken before stays.
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
  #reading: Promise<void> | null = null;

  constructor(options: RereadOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Reads the files now. Rejects with all that is wrong with them. */
  read(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  /** Reads the files now, and tells if something is wrong with them. Never rejects. */
  async look(): Promise<void> {
    const problem = await this.read().then(
      () => null,
      (error: Error) => error.message,
    );
    if (problem !== null && problem !== this.#told) this.#options.onProblem(problem);
    this.#told = problem;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #read(): Promise<void> {
    const { files, take } = this.#options;
    const problems: string[] = [];
    const texts: string[] = [];
    for (const { name, path, check } of files) {
      try {
        const text = await readFile(path, "utf8");
        check(text);
        texts.push(text);
      } catch (error) {
        problems.push(`cannot read ${name}: ${(error as Error).message}`);
      }
    }
    if (problems.length > 0) throw new Error(problems.join("; "));
    const seen = JSON.stringify(texts);
    if (seen !== this.#seen) take(texts);
    this.#seen = seen;
  }
}
