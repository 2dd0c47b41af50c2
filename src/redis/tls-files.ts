import { type ConnectionOptions, createSecureContext, type SecureContextOptions } from "node:tls";
import { rereadPemFiles } from "../net/pem-files.js";
import type { RereadFiles } from "../net/reread-files.js";
import type { TlsSettings } from "./settings.js";

/** Certificates and keys as they are at the moment. */
export class TlsFiles {
  /** For every connection: what is in it changes with the files, and takes effect at the next handshake. */
  readonly options: ConnectionOptions;
  readonly #files: RereadFiles | null = null;

  /** @param serverName the name that must be in the certificate, and that the server is asked for */
  constructor({ ca, client }: TlsSettings, serverName: string | null, onProblem: (message: string) => void) {
    const noFiles = ca === null && client === null;
    // Made here and not by ioredis, for which files that make no sense are the end of the connection for good.
    // Until there is something in them, nobody is trusted.
    const secureContext = createSecureContext(noFiles ? {} : { ca: [] });
    this.options = serverName === null ? { secureContext } : { secureContext, servername: serverName };
    if (noFiles) return;
    const file = (name: string, path: string) => ({ name: `store.tls.${name}`, path });
    const files = {
      ca: ca === null ? null : file("ca", ca),
      own: client && { cert: file("cert", client.cert), key: file("key", client.key) },
    };
    const take = (context: SecureContextOptions) => {
      this.options.secureContext = createSecureContext(context);
    };
    this.#files = rereadPemFiles(files, take, onProblem);
  }

  /** Reads the files now. Never rejects. */
  async look(): Promise<void> {
    await this.#files?.look();
  }

  stop(): void {
    this.#files?.stop();
  }
}
