import { type ConnectionOptions, createSecureContext } from "node:tls";
import { RereadFiles } from "./reread-files.js";
import type { TlsSettings } from "./settings.js";

/** Certificates and keys as they are at the moment. */
export class TlsFiles {
  /** For every connection: what is in it changes with the files, and takes effect at the next handshake. */
  readonly options: ConnectionOptions;
  readonly #files: RereadFiles | null = null;

  /** @param serverName the name that must be in the certificate, and that the server is asked for */
  constructor({ ca, client }: TlsSettings, serverName: string | null, onProblem: (message: string) => void) {
    const paths = [ca, client?.cert, client?.key].filter((path) => typeof path === "string");
    // Made here and not by ioredis, for which files that make no sense are the end of the connection for good.
    // Until there is something in them, nobody is trusted.
    const secureContext = createSecureContext(paths.length > 0 ? { ca: [] } : {});
    this.options = serverName === null ? { secureContext } : { secureContext, servername: serverName };
    if (paths.length === 0) return;
    const take = (texts: readonly string[]) => {
      const [authorities, [cert, key]] = ca === null ? [undefined, texts] : [texts[0], texts.slice(1)];
      this.options.secureContext = createSecureContext({ ca: authorities, cert, key });
    };
    this.#files = new RereadFiles({ what: "the TLS files of Redis", paths, take, onProblem });
  }

  /** Reads the files now. Never rejects. */
  async look(): Promise<void> {
    await this.#files?.look();
  }

  stop(): void {
    this.#files?.stop();
  }
}
