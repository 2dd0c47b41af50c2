import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, test } from "node:test";

interface Source {
  /** Below src, such as `policy/window.ts`. */
  readonly file: string;
  /** The folder below src, or the file itself where it stands in src. */
  readonly room: string;
  readonly text: string;
  /** Files below src and packages. */
  readonly imports: readonly string[];
}

const sources: Source[] = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => {
    const text = readFileSync(posix.join("src", file), "utf8");
    const specifiers = [...text.matchAll(/(?:\bfrom|^import|\bimport\()\s*"([^"]+)"/gm)].map(
      ([, name = ""]) => name,
    );
    const imports = specifiers.map((name) =>
      name.startsWith(".") ? posix.join(posix.dirname(file), name).replace(/\.js$/, ".ts") : name,
    );
    return { file, room: roomOf(file), text, imports };
  });

function roomOf(file: string): string {
  return file.split("/")[0] ?? file;
}

/** The rooms, files of src itself, and packages that a room may import besides itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  policy: ["ipaddr.js"],
  metering: [],
  inference: ["metering"],
  inflate: ["node:stream", "node:zlib"],
  identity: ["policy", "node:crypto"],
  counters: ["policy"],
  decision: ["policy", "identity", "counters", "inference"],
  net: ["node:crypto", "node:fs", "node:fs/promises", "node:net", "node:tls"],
  redis: ["counters", "policy", "net", "telemetry", "errors.ts", "ioredis"].concat([
    "node:crypto",
    "node:net",
    "node:timers/promises",
    "node:tls",
  ]),
  config: ["policy", "identity", "net", "redis", "errors.ts", "js-yaml", "zod", "fastest-levenshtein"].concat(
    ["node:fs", "node:fs/promises", "node:path", "node:worker_threads"],
  ),
  document: ["config", "js-yaml"],
  openapi: ["document", "config", "policy", "errors.ts", "node:fs/promises", "node:path"],
  starter: ["openapi", "identity", "policy", "js-yaml", "node:path"],
  wso2: ["document", "openapi", "config", "policy", "errors.ts", "js-yaml", "zod"].concat([
    "node:fs/promises",
    "node:path",
  ]),
  "envoy-config": ["config", "envoy", "policy", "net", "errors.ts", "js-yaml"].concat([
    "node:fs/promises",
    "node:net",
    "node:path",
    "node:timers/promises",
  ]),
};

describe("imports go one way:", () => {
  test("there are files, and all that they import below src is there", () => {
    assert.ok(sources.length > 50, `${sources.length} files`);
    assert.ok(sources.filter(({ imports }) => imports.length > 0).length > 40);
    const files = new Set(sources.map(({ file }) => file));
    const missing = sources.flatMap(({ imports }) =>
      imports.filter((name) => name.endsWith(".ts") && !files.has(name)),
    );
    assert.deepEqual(missing, []);
  });

  for (const [room, others] of Object.entries(allowed)) {
    test(`${room} imports ${others.length > 0 ? others.join(", ") : "nothing"} besides itself`, () => {
      const here = sources.filter((source) => source.room === room);
      assert.ok(here.length > 0);
      for (const { file, imports } of here) {
        const strange = imports.filter((name) => {
          const from = name.endsWith(".ts") ? roomOf(name) : name;
          return from !== room && !others.includes(from);
        });
        assert.deepEqual(strange, [], file);
      }
    });
  }

  test("config takes of identity only how keys are hashed", () => {
    const taken = sources
      .filter(({ room }) => room === "config")
      .flatMap(({ imports }) => imports.filter((name) => roomOf(name) === "identity"));
    assert.deepEqual([...new Set(taken)], ["identity/api-key.ts"]);
  });

  test("config takes of redis only what it is told", () => {
    const taken = sources
      .filter(({ room }) => room === "config")
      .flatMap(({ imports }) => imports.filter((name) => roomOf(name) === "redis"));
    assert.deepEqual([...new Set(taken)], ["redis/settings.ts"]);
    const [settings] = sources.filter(({ file }) => file === "redis/settings.ts");
    assert.deepEqual(settings?.imports, ["net/address.ts"]);
  });

  test("only redis knows ioredis", () => {
    const users = sources.filter(({ imports }) => imports.includes("ioredis"));
    assert.ok(users.length > 0);
    assert.deepEqual([...new Set(users.map(({ room }) => room))], ["redis"]);
  });

  test("envoy-config takes of envoy only the names that both have to know", () => {
    const taken = sources
      .filter(({ room }) => room === "envoy-config")
      .flatMap(({ imports }) => imports.filter((name) => roomOf(name) === "envoy"));
    const files = ["envoy/check-reply.ts", "envoy/metadata.ts", "envoy/reservation.ts"];
    assert.deepEqual([...new Set(taken)].sort(), files);
  });

  test("envoy knows nothing of the file, the command line, the admin port or what puts weir together", () => {
    const above = ["config", "cli", "admin", "app.ts", "main.ts"];
    for (const { file, imports } of sources.filter(({ room }) => room === "envoy")) {
      assert.deepEqual(
        imports.filter((name) => above.includes(roomOf(name))),
        [],
        file,
      );
    }
  });

  test("nothing but the command line imports app, and nothing imports main", () => {
    const importers = (target: string) =>
      sources.filter(({ imports }) => imports.includes(target)).map(({ room }) => room);
    assert.deepEqual([...new Set(importers("app.ts"))], ["cli"]);
    assert.deepEqual(importers("main.ts"), []);
  });

  test("only inflate knows zlib", () => {
    const users = sources.filter(({ imports }) => imports.includes("node:zlib"));
    assert.deepEqual([...new Set(users.map(({ room }) => room))], ["inflate"]);
  });

  test("only envoy/wire knows protobuf", () => {
    const users = sources.filter(({ imports }) => imports.some((name) => /protobuf|protobufjs/.test(name)));
    assert.ok(users.length > 0);
    for (const { file } of users) assert.match(file, /^envoy\/wire\//);
  });
});

/** The files whose code, comments aside, has a match. */
function filesWith(pattern: RegExp): string[] {
  return sources
    .filter(({ text }) => pattern.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")))
    .map(({ file }) => file)
    .sort();
}

describe("what comes from outside comes in at one place:", () => {
  test("only main touches the process", () => {
    assert.deepEqual(filesWith(/\bprocess\s*[.[]|"(node:)?process"/), ["main.ts"]);
  });

  test("only the clock asks for the time of day, and only the stopwatch of decisions for a clock", () => {
    assert.deepEqual(filesWith(/\bDate\.now\b|\bnew Date\(\)|\bDate\(\)/), ["clock.ts"]);
    assert.deepEqual(filesWith(/\bperformance\b|\bhrtime\b/), [
      "clock.ts",
      "envoy/admission-stream.ts",
      "envoy/authorization.ts",
    ]);
  });

  test("policy, metering and inference do no I/O and start no timers", () => {
    const doers = filesWith(/\bfetch\(|\bset(Timeout|Interval|Immediate)\(|\bconsole\./);
    assert.deepEqual(
      doers.filter((file) => /^(policy|metering|inference)\//.test(file)),
      [],
    );
  });
});
