import type { ClientRequest } from "../../demo/gateway.js";

export const admissions = ["charge-after", "reserve"] as const;
export type Admission = (typeof admissions)[number];

/** A policy with an API for each way to admit, told apart by its host, each with a limit of so many tokens a year. */
export function policyWith(totalTokens: number, ai = ""): string {
  const apis = admissions.map(
    (admission) => `  - name: ${admission}
    version: v1
    match: { hosts: [${hostOf(admission)}], pathPrefix: /chat/v1 }
    limits: [{ totalTokens: ${totalTokens}, per: year }]
    ai: { provider: openai, admission: ${admission}${ai} }`,
  );
  return `version: 1\napis:\n${apis.join("\n")}\n`;
}

export function hostOf(admission: Admission): string {
  return `${admission}.example.com`;
}

/** A chat with the API that admits so. `more` goes into its body. */
export function chatBy(admission: Admission, more: object): ClientRequest {
  return {
    ...{ method: "POST", path: "/chat/v1/chat/completions", key: null },
    headers: { host: hostOf(admission), "content-type": "application/json" },
    body: JSON.stringify({ model: "double-1", messages: [], ...more }),
  };
}
