import assert from "node:assert/strict";
import test from "node:test";
import { assertNear, prompt, read, readBeginning, readText } from "./reading.js";

test("text comes to about 4 bytes a token, other scripts to more", () => {
  const letters = 12_000;
  assertNear(prompt("the cat ".repeat(letters / 8)), letters / 4, 0.01);
  assertNear(prompt("ж".repeat(letters)), letters, 0.01);
  assertNear(prompt("字".repeat(letters)), letters / 1.3, 0.01);
  assertNear(prompt("🦊".repeat(letters)), letters * 2, 0.01);
});

test("text that is written with escapes comes to the same", () => {
  for (const text of ["ж", "字", "🦊", "字a", "é\n", '"'].map((unit) => unit.repeat(500))) {
    const escaped = JSON.stringify({ messages: [{ role: "user", content: text }] }).replace(
      /[^\x20-\x7e]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    assert.equal(readText(escaped).promptTokens, prompt(text), text.slice(0, 3));
  }
});

test("names count in the schemas of tools only, and the model nowhere", () => {
  const base = read({ messages: [] }).promptTokens;
  assert.equal(read({ model: "a-name-of-many-tokens", messages: [], temperature: 1 }).promptTokens, base);
  const properties = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`property${i}`, {}]));
  assert.ok(read({ tools: [{ parameters: { properties } }] }).promptTokens >= base + 50);
  assert.ok(read({ metadata: { properties } }).promptTokens < base + 5);
});

test("numbers in lists are tokens already", () => {
  const input = Array.from({ length: 1_000 }, (_, i) => i);
  assert.equal(read({ input }, "/v1/embeddings").promptTokens, 1_000);
  assert.equal(read({ input: [input, input] }, "/v1/embeddings").promptTokens, 2_000);
  assert.equal(read({ prompt: input }, "/v1/completions").promptTokens, 1_000);
});

test("an image or a file in base64 comes to a flat figure, in every API's form", () => {
  const data = Buffer.from(Array.from({ length: 60_000 }, (_, i) => (i * 7919) % 251)).toString("base64");
  const url = `data:image/png;base64,${data}`;
  const contents = [
    { type: "image_url", image_url: { url } },
    { type: "image", source: { type: "base64", media_type: "image/png", data } },
    { inlineData: { mimeType: "image/png", data } },
    { image: { format: "png", source: { bytes: data } } },
    { file: { file_data: data.replaceAll("/", "_").replaceAll("+", "-") } },
  ];
  for (const content of contents) {
    const { promptTokens } = read({ messages: [{ role: "user", content: [content, content] }] });
    assertNear(promptTokens, 2_000, 0.02);
  }
  assertNear(readText(JSON.stringify({ images: [url] }).replaceAll("/", "\\/")).promptTokens, 1_000, 0.02);
});

test("text that only looks like base64 at first is text", () => {
  const words = "QUJD".repeat(1_000);
  assertNear(prompt(`${words} ${words}`), 2_000, 0.02);
  assertNear(prompt(`data:text/plain;base64,${words}, ${words}`), 2_000, 0.02);
  assert.ok(prompt("data:text/plain;base64,QUJD") < 20);
  assert.ok(prompt("A".repeat(600)) < 170, "a payload never counts more than the same as text");
});

test("the beginning of a text stands for all of it", () => {
  const messages = Array.from({ length: 400 }, () => ({
    role: "user",
    content: "Tell me about rivers. ".repeat(20),
  }));
  const text = JSON.stringify({ model: "m", max_tokens: 9, messages });
  const whole = readText(text).promptTokens;
  for (const bytes of [5_000, 30_000, 100_000]) {
    const request = readBeginning(text, bytes, text.length);
    assertNear(request.promptTokens, whole, 0.05);
    assert.equal(request.maxOutputTokens, 9);
    assertNear(readBeginning(text, bytes, null).promptTokens, (whole * bytes) / text.length, 0.05);
  }
});

test("what is not seen of an image counts as text, since text may be behind it", () => {
  const url = `data:image/png;base64,${"iVBORw0KGgo".repeat(100_000)}`;
  const text = JSON.stringify({ messages: [{ role: "user", content: ["What is this?", { url }] }] });
  assertNear(readBeginning(text, 60_000, text.length).promptTokens, 1_010 + 1_040_000 / 4, 0.01);
});

test("a number at the cut does not count", () => {
  assert.equal(readBeginning('{"max_tokens":1000}', 15, 19).maxOutputTokens, null);
});

test("a body that is no JSON comes to one file at most", () => {
  const form = `--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n${"\u0000ÿ".repeat(100_000)}`;
  assert.equal(readText(form, "/v1/audio/transcriptions").promptTokens, 1_000);
  assert.equal(readText("hello world!").promptTokens, 3);
  assert.equal(readText("").promptTokens, 0);
  assert.equal(readBeginning(form, 100, null).promptTokens, 0);
  assert.equal(readBeginning(form, 100, 400).promptTokens, 100);
});

test("what is behind malformed JSON counts as text: some servers are more lenient", () => {
  const text = `{"a":1,,"messages":[{"content":"${"word ".repeat(800)}"}]}`;
  assertNear(readText(text).promptTokens, 1_000, 0.02);
});
