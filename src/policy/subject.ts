import type { Api, Application, Environment, Resource } from "./policy.js";
import type { HttpRequest, Json } from "./request.js";

/** Who calls, as far as an identity source has proved it. */
export interface Caller {
  readonly application: Application;
  /** The application's user; the application itself where the credential names none. */
  readonly user: string;
}

/** All that limits are selected by: what a request is about, and who sent it. */
export interface Subject {
  readonly api: Api | null;
  readonly resource: Resource | null;
  /** Null for a request without credentials. */
  readonly caller: Caller | null;
  readonly environment: Environment;
  /** The client's address, as far as the proxies in between are trusted. */
  readonly clientIp: string;
  /** The claims of a verified token; undefined where there is none. */
  readonly claims: Json | undefined;
  readonly request: HttpRequest;
}
