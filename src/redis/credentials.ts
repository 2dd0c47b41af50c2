import { RereadFiles } from "../net/reread-files.js";
import type { Credentials } from "./settings.js";

/** What the user's name is where none is given. */
export const DEFAULT_USER = "default";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface PasswordOptions {
  /** What the password is of, for messages: `Redis`. */
  readonly of: string;
  readonly env: Environment;
  /** Called when a file has been read that says another one than before. */
  readonly onChange: () => void;
  readonly onProblem: (message: string) => void;
}

/** The password of a Redis as it is at the moment. */
export class Password {
  #current: string | null = null;
  readonly #file: RereadFiles | null = null;

  constructor(credentials: Credentials, { of, env, onChange, onProblem }: PasswordOptions) {
    switch (credentials.kind) {
      case "none":
        break;
      case "fixed":
        this.#current = credentials.password;
        break;
      case "env":
        this.#current = env[credentials.name] || null;
        if (this.#current === null)
          onProblem(`no password for ${of}: the environment variable ${credentials.name} is not set`);
        break;
      case "file": {
        const { path } = credentials;
        const check = (text: string) => {
          if (withoutLineEnd(text) === "") throw new Error(`${path} is empty`);
        };
        const file = { name: `the password of ${of}`, path, check };
        const take = ([text = ""]: readonly string[]) => {
          this.#current = withoutLineEnd(text);
          onChange();
        };
        this.#file = new RereadFiles({ files: [file], take, onProblem });
        break;
      }
      default:
        credentials satisfies never;
    }
  }

  /** Null while there is none. The last good one while its file cannot be read. */
  get current(): string | null {
    return this.#current;
  }

  /** Reads the file now, if it is in one. Never rejects. */
  async look(): Promise<void> {
    await this.#file?.look();
  }

  stop(): void {
    this.#file?.stop();
  }
}

function withoutLineEnd(text: string): string {
  return text.replace(/[\r\n]+$/, "");
}
