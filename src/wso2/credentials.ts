import type { ApplicationEntry } from "../config/schema/application.js";
import { label } from "../config/schema/text.js";
import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import type { Environment } from "../policy/policy.js";

type Credential = NonNullable<ApplicationEntry["credentials"]>[number];

/** The consumer keys of all applications. Their secrets are not even read. */
export class Credentials {
  readonly #notes: Notes;
  readonly #taken = new Set<string>();

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  /** Those of one application, as client ids. */
  of(data: Field, info: Field): Credential[] {
    const keys = keysOf(data, info);
    const credentials = keys.flatMap((key) => this.#credential(key));
    if (credentials.length === 0) {
      this.#notes.add(
        info.at("keys"),
        "no consumer keys are exported, so nobody is known as it: export --with-keys",
      );
    }
    return credentials;
  }

  #credential({ id, type }: Key): Credential[] {
    const clientId = label.safeParse(id.text()).data;
    if (clientId === undefined) return [];
    if (this.#taken.has(clientId)) {
      this.#notes.add(id, `the consumer key "${clientId}" stands at another key already, which is taken`);
      return [];
    }
    this.#taken.add(clientId);
    const environment = environmentOf(type);
    return [{ clientId, ...(environment && { environment }) }];
  }
}

interface Key {
  readonly id: Field;
  readonly type: string | undefined;
}

/** Current exports have them in a list, older ones by type and key manager. */
function keysOf(data: Field, info: Field): Key[] {
  const listed = [...info.at("keys").items(), ...data.at("applicationKeys").items()].map((key) => ({
    id: key.either("consumerKey", "clientId"),
    type: key.at("keyType").text(),
  }));
  const places = data === info ? [data] : [data, info];
  const byManager = places
    .flatMap((place) => place.at("keyManagerWiseOAuthApp").entries())
    .flatMap(([type, managers]) =>
      managers.entries().map(([, app]) => ({ id: app.either("clientId", "consumerKey"), type })),
    );
  return [...listed, ...byManager];
}

function environmentOf(type: string | undefined): Environment | undefined {
  const word = type?.toLowerCase();
  return word === "production" || word === "sandbox" ? word : undefined;
}
