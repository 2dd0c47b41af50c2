import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Certificates {
  readonly folder: string;
  readonly caFile: string;
  /** For localhost and 127.0.0.1. */
  readonly server: Certificate;
  /** For a client that has to show one; its common name is weir. */
  readonly client: Certificate;
  /** Removes the files. */
  remove(): Promise<void>;
}

const SERVER = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n";
const CLIENT = "extendedKeyUsage=clientAuth\n";

/** A certificate authority of its own, and what it has signed. Each call makes another one. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), "weir-tls-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  const caFile = join(folder, "ca.crt");
  const caKey = join(folder, "ca.key");
  const sign = async (name: string, commonName: string, extensions: string): Promise<Certificate> => {
    const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
    const [requestFile, extensionFile] = [join(folder, `${name}.csr`), join(folder, `${name}.ext`)];
    await writeFile(extensionFile, extensions);
    await openssl("req", "-new", ...newKey(keyFile), "-subj", `/CN=${commonName}`, "-out", requestFile);
    const ca = ["-CA", caFile, "-CAkey", caKey, "-CAcreateserial"];
    const request = ["-req", "-in", requestFile, "-days", "2", "-extfile", extensionFile];
    await openssl("x509", ...request, ...ca, "-out", certFile);
    return { certFile, keyFile };
  };
  try {
    const subject = ["-subj", "/CN=weir test CA", "-days", "2"];
    await openssl("req", "-x509", ...newKey(caKey), ...subject, "-out", caFile);
    const server = await sign("server", "localhost", SERVER);
    const client = await sign("client", "weir", CLIENT);
    return { folder, caFile, server, client, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function newKey(keyFile: string): string[] {
  return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile];
}

async function openssl(...args: string[]) {
  try {
    await promisify(execFile)("openssl", args);
  } catch (error) {
    const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
    if (code === "ENOENT")
      throw new Error("there is no openssl, which makes the certificates of these tests: put one on PATH");
    throw new Error(`openssl ${args[0]} failed: ${stderr.trim() || String(error)}`);
  }
}
