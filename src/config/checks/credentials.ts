import { API_KEY_PLACEHOLDER } from "../../identity/api-key.js";
import type { Problem } from "../problem.js";
import { entries, type File, Names } from "./names.js";

/** Each kind of credential, the source under identity that reads it, and what to call it. */
const kinds = [
  { kind: "apiKey", source: "apiKey", what: "API key" },
  { kind: "clientId", source: "jwt", what: "client id" },
  { kind: "principal", source: "mtls", what: "principal" },
] as const;

/** Credentials that are given twice, or that nothing reads. */
export function checkCredentials(file: File): Problem[] {
  const identity = entries(file, "identity");
  return kinds.flatMap(({ kind, source, what }) => {
    const isRead = identity.some((entry) => !entry || entry[source]);
    const names = new Names(what);
    const problems: Problem[] = [];
    for (const [i, application] of (file.applications ?? []).entries()) {
      for (const [k, credential] of (application?.credentials ?? []).entries()) {
        const value = credential?.[kind];
        if (value === undefined || value === API_KEY_PLACEHOLDER) continue;
        const path = ["applications", i, "credentials", k];
        // Not even the hash of a key is repeated in a message.
        if (kind === "apiKey") names.add(value.toLowerCase(), path, "the same API key");
        else names.add(value, path);
        if (isRead) continue;
        const article = source === "jwt" ? "a" : "an";
        problems.push({ path, message: `has no effect: no source under identity is ${article} ${source}` });
      }
    }
    return [...names.problems, ...problems];
  });
}
