import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startStack } from "../../demo/stack/stack.js";

describe("a stack whose port another program has", () => {
  let folder: string;
  let other: Server;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-stack-"));
    other = createServer();
    await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
  });
  after(async () => {
    other.close();
    await rm(folder, { recursive: true });
  });

  test("does not start, and says which address is taken", { timeout: 60_000 }, async () => {
    const { port } = other.address() as AddressInfo;
    const policy = await readFile("envoy/policy.yaml", "utf8");
    const starting = startStack({ policy, folder, config: { kind: "followed" }, port });
    await assert.rejects(starting, (error: Error) => {
      assert.match(error.message, /^Envoy does not listen:/);
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}.*Address already in use`));
      return true;
    });
  });
});
