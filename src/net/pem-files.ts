import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { type RereadFile, RereadFiles } from "./reread-files.js";

/** PEM files, null for what is not given. */
export interface PemFiles {
  /** Whose signature the certificate of the other side must have. */
  readonly ca: RereadFile | null;
  /** What this side shows of itself. */
  readonly own: OwnFiles | null;
}

interface OwnFiles {
  /** With the certificates that lead to the authority, if there are any between. */
  readonly cert: RereadFile;
  readonly key: RereadFile;
}

/**
 * Certificates and keys that are replaced while weir runs.
 *
 * @param take is given what the files hold, and again when they change; always something that node:tls takes
 * @param onProblem as of {@link RereadFiles}
 */
export function rereadPemFiles(
  { ca, own }: PemFiles,
  take: (context: SecureContextOptions) => void,
  onProblem: (message: string) => void,
): RereadFiles {
  const certificates = (file: RereadFile) => ({ ...file, name: nameOf(file), check: checkCertificates });
  const key = (file: RereadFile) => ({ ...file, name: nameOf(file), check: checkKey });
  const files = [
    ...(ca === null ? [] : [certificates(ca)]),
    ...(own === null ? [] : [certificates(own.cert), key(own.key)]),
  ];
  return new RereadFiles({
    files,
    onProblem,
    take(texts) {
      const [authorities, pair] = ca === null ? [undefined, texts] : [texts[0], texts.slice(1)];
      const [cert, key] = pair;
      if (own !== null) checkPair(own, cert, key);
      const context = { ca: authorities, cert, key };
      try {
        createSecureContext(context);
      } catch (error) {
        throw new Error(
          `cannot use ${files.map(({ name }) => name).join(", ")}: ${(error as Error).message}`,
        );
      }
      take(context);
    },
  });
}

/** As on the command line. */
function nameOf({ name, path }: RereadFile): string {
  return `${name} ${path}`;
}

/**
 * Each of them, because OpenSSL passes over authorities that it cannot read, and node:tls takes the system's where
 * there are none: a file that is half written would mean something else.
 */
function checkCertificates(text: string): void {
  const blocks = text
    .split(/^(?=-----BEGIN )/m)
    .filter((block) => /^-----BEGIN .*CERTIFICATE-----/.test(block));
  if (blocks.length === 0) throw new Error("there is no certificate in it");
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (error) {
      throw new Error(`certificate ${index + 1} in it is broken: ${(error as Error).message}`);
    }
  }
}

function checkKey(text: string): void {
  try {
    createPrivateKey(text);
  } catch {
    throw new Error("there is no private key in it, or one that is encrypted");
  }
}

function checkPair({ cert, key }: OwnFiles, certText = "", keyText = ""): void {
  if (!new X509Certificate(certText).checkPrivateKey(createPrivateKey(keyText)))
    throw new Error(`cannot use ${nameOf(cert)} with ${nameOf(key)}: that is the key to another`);
}
