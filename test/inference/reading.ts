import assert from "node:assert/strict";
import { type InferenceRequest, readInferenceRequest } from "../../src/inference/request.js";
import { bytesOf } from "../metering/feeding.js";

export const chatPath = "/v1/chat/completions";

export function read(body: unknown, path: string | undefined = chatPath): InferenceRequest {
  return readText(JSON.stringify(body), path);
}

export function readText(text: string | Uint8Array, path: string | undefined = chatPath): InferenceRequest {
  return readInferenceRequest(bytesOf(text), { path, contentLength: null, isTruncated: false });
}

/** Reads the first `bytes` of a body, knowing or not how long all of it is. */
export function readBeginning(text: string, bytes: number, contentLength: number | null): InferenceRequest {
  const beginning = bytesOf(text).subarray(0, bytes);
  return readInferenceRequest(beginning, { path: chatPath, contentLength, isTruncated: true });
}

export function prompt(text: string): number {
  return read({ messages: [{ role: "user", content: text }] }).promptTokens;
}

export function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= expected * tolerance, `${actual}, expected about ${expected}`);
}
