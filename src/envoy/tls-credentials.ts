import type { SecureContextOptions } from "node:tls";
import { ServerCredentials } from "@grpc/grpc-js";
import { WeirError } from "../errors.js";
import { type PemFiles, rereadPemFiles } from "../net/pem-files.js";
import type { RereadFiles } from "../net/reread-files.js";
import type { Logger } from "../telemetry/logger.js";

/** How long a peer that says nothing can hold a connection, and with it a server that stops. */
const HANDSHAKE_TIMEOUT_MS = 5_000;

/**
 * TLS for the gRPC port, HTTP/2 alone. What its files say holds for connections to come; those that stand go on. With
 * authorities, a client must show a certificate that one of them has signed.
 *
 * grpc-js can watch files itself, but then takes no connection at all while one of them is broken.
 */
export class TlsCredentials extends ServerCredentials {
  readonly #files: RereadFiles;

  private constructor(files: PemFiles, log: Logger) {
    super({
      requestCert: files.ca !== null,
      rejectUnauthorized: true,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    const take = (context: SecureContextOptions) => {
      const changed = this._getSecureContextOptions() !== null;
      // The lowest version belongs to what is replaced: given to the server, the first change would lose it.
      this.updateSecureContextOptions({ ...context, minVersion: "TLSv1.2" });
      if (changed) log.info("the changed TLS files are in use, for new connections");
    };
    this.#files = rereadPemFiles(files, take, (reason) =>
      log.error({ reason }, "the changed TLS files are refused; the old ones stay in use"),
    );
  }

  /** Throws TLS_INVALID. */
  static async open(files: PemFiles, log: Logger): Promise<TlsCredentials> {
    const credentials = new TlsCredentials(files, log);
    try {
      await credentials.#files.read();
      return credentials;
    } catch (error) {
      credentials.stop();
      throw new WeirError("TLS_INVALID", (error as Error).message, { cause: error });
    }
  }

  override _equals(other: ServerCredentials): boolean {
    return other === this;
  }

  /** Looks at the files no more. */
  stop(): void {
    this.#files.stop();
  }
}
