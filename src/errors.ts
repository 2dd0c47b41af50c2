/** Every error that weir raises on purpose, by code, with the exit code that ends the process. */
const exitCodes = {
  /** The command line makes no sense. */
  USAGE: 2,
  /** The policy file cannot be read. */
  POLICY_UNREADABLE: 2,
  /** The policy file has mistakes; the message lists all of them. */
  POLICY_INVALID: 2,
  /** The file that a new policy should go to is there already, or cannot be written. */
  POLICY_UNWRITABLE: 2,
  /** Files that should define APIs cannot be read or define none; the message lists all of them. */
  OPENAPI_INVALID: 2,
  /** There is nothing to import, or it cannot be read or written. */
  IMPORT_UNREADABLE: 2,
  /** Files to be imported are not what they should be; the message lists all of them. */
  IMPORT_INVALID: 2,
  /** A saved response cannot be read. */
  RESPONSE_UNREADABLE: 2,
  /** A policy does not say where Envoy is to send requests; the message lists every place. */
  ENVOY_NO_BACKEND: 2,
  /** Envoy's configuration cannot be written. */
  ENVOY_UNWRITABLE: 2,
  /** Certificates or keys cannot be read, or make no sense; the message names all of them. */
  TLS_INVALID: 2,
  /** An address cannot be listened on. */
  LISTEN_FAILED: 1,
} as const;

export type ErrorCode = keyof typeof exitCodes;

export class WeirError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "WeirError";
    this.code = code;
  }

  get exitCode(): number {
    return exitCodes[this.code];
  }
}
