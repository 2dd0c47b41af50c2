import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compileKeyTemplate, type KeyTemplate } from "../../src/policy/key-template.js";
import { requestOf } from "../support/requests.js";
import { anonymousOf, subjectOf } from "./subjects.js";

function compile(text: string): KeyTemplate {
  const template = compileKeyTemplate(text);
  if ("error" in template) assert.fail(template.error);
  return template;
}

describe("the key of a request", () => {
  const subject = subjectOf({ resource: "GET /items/{id}", environment: "sandbox" });
  const cases = {
    "{user}:{api}": "ann:orders/v1",
    "{api}": "orders/v1",
    "{version}": "v1",
    "{resource}": "GET /items/{id}",
    "{application}": "mobile",
    "{environment}": "sandbox",
    "{clientIp}": "203.0.113.7",
    "#{application}": "#mobile",
    everything: "everything",
    "": "",
    "{user}-{user}": "ann-ann",
  };
  for (const [text, key] of Object.entries(cases)) {
    test(`under "${text}" is "${key}"`, () => assert.equal(compile(text)(subject), key));
  }

  test("without credentials is that of the user and the application anonymous", () => {
    assert.equal(compile("{application}/{user}")(anonymousOf()), "anonymous/anonymous");
  });

  test("is none where the template names what the request does not have", () => {
    assert.equal(compile("{user}:{api}")(subjectOf({ api: null })), null);
    assert.equal(compile("{version}")(subjectOf({ api: null })), null);
    assert.equal(compile("{resource}")(subjectOf({ resource: null })), null);
    assert.equal(compile("{user}")(subjectOf({ api: null })), "ann");
  });
});

describe("a template is refused", () => {
  const known =
    "{api}, {version}, {resource}, {application}, {user}, {environment}, {clientIp}, {header.NAME}, {claim.NAME}";
  const separator = (text: string) =>
    `put a separator between the variables of "${text}", so that no two requests share a key by accident`;
  const cases = {
    "{usr}": `unknown variable {usr}; known: ${known}`,
    "{}": `unknown variable {}; known: ${known}`,
    "{ user }": `unknown variable { user }; known: ${known}`,
    "{toString}": `unknown variable {toString}; known: ${known}`,
    "{user": 'unbalanced braces in "{user"',
    "user}": 'unbalanced braces in "user}"',
    "{{user}}": 'unbalanced braces in "{{user}}"',
    "{user}{api}": separator("{user}{api}"),
    "a{user}{api}b": separator("a{user}{api}b"),
  };
  for (const [text, error] of Object.entries(cases)) {
    test(`as ${text}`, () => assert.deepEqual(compileKeyTemplate(text), { error }));
  }
});

const value = fc
  .array(
    fc.constantFrom("a", ":", "-", "/", "%", "%00003a", "00003a", "😀", "😁", "::", "{", "}", "anonymous"),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((parts) => parts.join(""));
const anySubject = fc.record({
  application: value,
  user: value,
  resource: value,
  clientIp: fc.constantFrom("203.0.113.7", "::1", "2001:db8::1"),
});
const literal = fc.constantFrom(":", "-", "::", "%", "a", "😀", "😁 ", ":a:");
const template = fc.record({
  names: fc.shuffledSubarray(["application", "user", "resource", "clientIp"] as const),
  separator: literal,
});

test("different values never share a key, whatever they and the template are made of", () => {
  fc.assert(
    fc.property(template, anySubject, anySubject, ({ names, separator }, one, other) => {
      const key = compile(names.map((name) => `{${name}}`).join(separator));
      const isSame = names.every((name) => one[name] === other[name]);
      assert.equal(key(subjectOf(one)) === key(subjectOf(other)), isSame);
    }),
    { numRuns: 5000 },
  );
});

test("values that differ only in characters which the template writes too have different keys", () => {
  const key = compile("{user}😀😁{application}");
  assert.notEqual(key(subjectOf({ user: "😀" })), key(subjectOf({ user: "😁" })));
});

describe("a long value", () => {
  const key = compileKeyTemplate("{header.x-tenant}");
  if ("error" in key) assert.fail(key.error);
  const keyOf = (tenant: string) =>
    key(subjectOf({ request: requestOf({ headers: { "x-tenant": tenant } }) }));

  test("makes no longer a key than others, and different ones keep different keys", () => {
    const long = "t".repeat(50_000);
    assert.ok((keyOf(long) ?? "").length <= 300);
    assert.notEqual(keyOf(`${long}a`), keyOf(`${long}b`));
    assert.notEqual(keyOf(long), keyOf(`${long}t`));
    assert.equal(keyOf("t".repeat(256)), "t".repeat(256));
  });
});
