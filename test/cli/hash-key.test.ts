import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { run } from "../../src/cli/run.js";
import { hashApiKey } from "../../src/identity/api-key.js";

/** Runs the command with `input` on standard input. */
async function hashKey(args: readonly string[], input = "") {
  const text = { out: "", err: "" };
  const code = await run(["hash-key", ...args], {
    env: {},
    out: (more) => {
      text.out += more;
    },
    err: (more) => {
      text.err += more;
    },
    read: async () => input,
    untilStopped: () => assert.fail("waits"),
  });
  return { code, ...text };
}

const hashed = (key: string) => {
  const hash = createHash("sha256").update(key).digest("hex");
  return { code: 0, out: `sha256:${hash}\n`, err: "" };
};
const usage = (message: string) => ({ code: 2, out: "", err: `weir: ${message}\nTry: weir --help\n` });

describe("weir hash-key", () => {
  test("prints the hash of the key that is its argument", async () => {
    assert.deepEqual(await hashKey(["demo-mobile"]), hashed("demo-mobile"));
    assert.equal(
      (await hashKey(["demo-mobile"])).out,
      "sha256:5e862c1dcbd911b75530738ecb6380b3ad79feb19d52c7c7d49c925b606065b2\n",
    );
  });

  test("makes what identity looks keys up by", async () => {
    const { out } = await hashKey(["schlüssel 1"]);
    assert.equal(out, `sha256:${hashApiKey("schlüssel 1")}\n`);
  });

  for (const [what, input] of Object.entries({
    "no line end": "a key",
    "\\n": "a key\n",
    "\\r\\n": "a key\r\n",
  })) {
    test(`reads it from standard input, with ${what} behind it`, async () => {
      assert.deepEqual(await hashKey([], input), hashed("a key"));
    });
  }

  test("takes the argument before the input, and a key like a flag behind --", async () => {
    assert.deepEqual(await hashKey(["a"], "b\n"), hashed("a"));
    assert.deepEqual(await hashKey(["--", "--key"]), hashed("--key"));
  });

  test("refuses an empty key", async () => {
    for (const input of ["", "\n", "\r\n", undefined]) {
      assert.deepEqual(await hashKey([], input), usage("the key is empty"));
    }
    assert.deepEqual(await hashKey([""], "a"), usage("the key is empty"));
  });

  test("refuses more than one key, and repeats none", async () => {
    assert.deepEqual(await hashKey(["secret-1", "secret-2"]), usage("one key, not 2"));
    for (const input of ["a\nb", "a\n\n", "a\rb"]) {
      assert.deepEqual(await hashKey([], input), usage("the key has more than one line: give one key"));
    }
  });

  test("tells what it takes", async () => {
    const { code, out } = await hashKey(["--help"]);
    assert.equal(code, 0);
    assert.match(out, /^Usage: weir hash-key \[KEY\]\n/);
  });
});
