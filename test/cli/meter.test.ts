import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { samples } from "../metering/samples.js";
import { runCommand } from "./terminal.js";

const folder = mkdtempSync(join(tmpdir(), "weir-meter-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const CHAT = "test/metering/samples/openai-chat.json";
const COHERE = "test/metering/samples/cohere.json";
const usage = (message: string) => ({ code: 2, out: "", err: `weir: ${message}\nTry: weir --help\n` });

function saved(name: string, body: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, body);
  return file;
}

/** What the command prints, parsed. */
async function meter(...args: string[]): Promise<unknown> {
  const { code, out, err } = await runCommand(["meter", ...args]);
  assert.deepEqual([code, err], [0, ""], args.join(" "));
  return JSON.parse(out);
}

describe("weir meter", () => {
  for (const { name, file, provider, headers, expected } of samples) {
    test(`prints what the manifest expects of ${name}`, async () => {
      const { "content-type": type = "", ...others } = headers;
      const header = Object.entries(others).flatMap(([key, value]) => ["--header", `${key}: ${value}`]);
      const flags = ["--provider", provider, "--content-type", type, ...header];
      assert.deepEqual(await meter(file, ...flags), expected);
      assert.deepEqual(await meter(file, ...flags, "--chunk", "1"), expected);
      assert.deepEqual(await meter(file, ...header), expected);
    });
  }

  test("prints one JSON value over several lines, or null", async () => {
    const { out } = await runCommand(["meter", CHAT]);
    assert.match(out, /^\{\n {2}"input": 1117,\n/);
    assert.equal((await runCommand(["meter", saved("empty", "")])).out, "null\n");
  });

  test("decodes what is compressed", async () => {
    const file = saved("chat.gz", gzipSync(readFileSync(CHAT)));
    const expected = await meter(CHAT);
    assert.deepEqual(await meter(file, "--content-encoding", "gzip", "--chunk", "5"), expected);
    assert.deepEqual(await meter(file, "--header", "Content-Encoding: gzip"), expected);
    assert.equal(await meter(file), null);
  });

  test("says where what is compressed is broken, and prints what came before", async () => {
    const bytes = gzipSync(readFileSync(CHAT), { level: 0 });
    bytes.fill(0xff, bytes.length - 8);
    const file = saved("broken.gz", bytes);
    const ran = await runCommand([
      "meter",
      file,
      "--content-encoding",
      "gzip",
      "--chunk",
      String(bytes.length - 8),
    ]);
    assert.equal(
      ran.err,
      "warning: the body is not what its content encoding says: what is behind is not read\n",
    );
    assert.equal(JSON.parse(ran.out).complete, false);
    assert.equal(JSON.parse(ran.out).total, 1163);
  });

  test("takes the model from the path where the response names none", async () => {
    const told = await meter(COHERE, "--path", "/openai/deployments/ours/chat/completions");
    assert.equal((told as { model: string }).model, "ours");
  });

  test("looks where it is told to", async () => {
    const places = ["--usage", "input=/usage/tokens/input_tokens", "--usage", "output=header:X-Out"];
    const told = await meter(COHERE, ...places, "--header", "x-out: 9", "--provider", "custom");
    assert.deepEqual(told, {
      input: 71,
      output: 9,
      total: 80,
      cached_input: 0,
      cache_write_input: 0,
      reasoning: 0,
      model: null,
      complete: true,
    });
  });

  test("tells what it takes when asked", async () => {
    const { code, out } = await runCommand(["meter", "--help"]);
    assert.equal(code, 0);
    for (const part of ["Usage: weir meter FILE", "bedrock-converse", "--chunk BYTES", "gzip, deflate, br"]) {
      assert.ok(out.includes(part), part);
    }
  });
});

describe("weir meter refuses", () => {
  const figures = "input, output, total, cachedInput, cacheWriteInput, reasoning, model";
  const cases: [string, string[], string][] = [
    ["no file", [], "which response? give the path of a file with its body"],
    ["two files", [CHAT, COHERE], `one response, not also: ${COHERE}`],
    ["custom without places", [CHAT, "--provider", "custom"], "--provider custom takes --usage FIGURE=PLACE"],
    [
      "places of a provider that it knows",
      [CHAT, "--provider", "openai", "--usage", "total=/a"],
      "--usage is for other providers than those of --provider",
    ],
    [
      "a place of nothing that there is",
      [CHAT, "--usage", "totl=/a"],
      `--usage must be FIGURE=PLACE with a figure of ${figures}, not "totl=/a"`,
    ],
    [
      "a place that is no pointer",
      [CHAT, "--usage", "total=usage.total"],
      "--usage total must be a JSON pointer such as /usage/input_tokens",
    ],
    ["a header without name", [CHAT, "--header", ": x"], `--header must be 'NAME: VALUE', not ": x"`],
    ["pieces of nothing", [CHAT, "--chunk", "0"], '--chunk must be a whole number of bytes, not "0"'],
    [
      "a coding that it cannot decode",
      [CHAT, "--content-encoding", "compress"],
      'a content encoding can be one of gzip, deflate, br here, not "compress"',
    ],
  ];
  for (const [what, args, message] of cases) {
    test(what, async () => {
      const ran = await runCommand(["meter", ...args]);
      assert.deepEqual({ ...ran, err: ran.err.replace(", zstd here", " here") }, usage(message));
    });
  }

  test("a provider that there is not", async () => {
    const { code, err } = await runCommand(["meter", CHAT, "--provider", "opneai"]);
    assert.equal(code, 2);
    assert.match(err, /^weir: --provider must be one of openai, .*groq, not "opneai"\nTry: weir --help\n$/);
  });

  test("a file that cannot be read", async () => {
    assert.deepEqual(await runCommand(["meter", "no/such.json"]), {
      code: 2,
      out: "",
      err: "weir: cannot read the response no/such.json: ENOENT: no such file or directory, open 'no/such.json'\n",
    });
  });
});
