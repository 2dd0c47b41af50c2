import { credential } from "../support/credential.js";

/** Three APIs and two applications, for policies of which one limit or rule is looked at. */

const everything = "{ a/v1: Unlimited, a/v2: Unlimited, b/v1: Unlimited }";
export const applications = `
  - name: first
    subscriptions: ${everything}
    credentials: [${credential("first-ann", ", user: ann")}, ${credential("first-bob", ", user: bob")},
      ${credential("first-sandbox", ", user: ann, environment: sandbox")}]
  - name: second
    subscriptions: ${everything}
    credentials: [${credential("second-ann", ", user: ann")}]`;
export const apis = (a = "", resources = "") => `
  - { name: a, version: v1, match: { pathPrefix: /a/v1 }${a}${resources} }
  - { name: a, version: v2, match: { pathPrefix: /a/v2 } }
  - { name: b, version: v1, match: { pathPrefix: /b/v1 } }`;
