import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { dockerfile, stage } from "./files.js";

const manifest = JSON.parse(await readFile("package.json", "utf8")) as {
  name: string;
  description: string;
  version: string;
};

/** The arguments of an instruction in its exec form, which needs no shell. */
function execForm(text: string, instruction: string): string[] {
  const [, list = ""] = new RegExp(`^${instruction} (\\[.*\\])$`, "m").exec(text) ?? [];
  return JSON.parse(list) as string[];
}

describe("the image", () => {
  test("is built from what is there, and what .dockerignore lets in", async () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, list]) => list?.split(" ") ?? [],
    );
    assert.ok(copied.length >= 5);
    const letIn = (await readFile(".dockerignore", "utf8")).split("\n");
    assert.equal(letIn[0], "*");
    for (const path of copied) {
      assert.ok(existsSync(path), path);
      assert.ok(letIn.includes(`!${path}`), path);
    }
  });

  test("is built on versions that are named", () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image = ""]) => image);
    assert.ok(bases.length >= 4);
    // Distroless images have no version but Node's and Debian's, which are in the name.
    for (const image of bases) assert.match(image, /^node:\d+\.\d+\.\d+-\w+|nodejs20-debian12:nonroot$/);
  });

  for (const target of ["weir", "doubles"]) {
    test(`${target} runs as another user than root, and is started and asked without a shell`, () => {
      const text = stage(target);
      assert.match(text, /^FROM gcr\.io\/distroless\/\S+:nonroot AS/);
      assert.doesNotMatch(text, /^(USER|RUN)/m);
      assert.match(text, /^HEALTHCHECK/m);
      assert.equal(execForm(text, "  CMD")[0], "/nodejs/bin/node");
      assert.equal(execForm(text, "ENTRYPOINT")[0], "/nodejs/bin/node");
    });
  }

  test("gives Node the flags that weir starts with from a shell", async () => {
    const [shebang = ""] = (await readFile("src/main.ts", "utf8")).split("\n");
    const flags = shebang.match(/--\S+/g) ?? [];
    assert.equal(flags.length, 2);
    const entrypoint = execForm(stage("weir"), "ENTRYPOINT");
    for (const flag of flags) assert.ok(entrypoint.includes(flag), flag);
  });

  test("asks for its health where it listens", () => {
    const [, port] = /WEIR_ADMIN=127\.0\.0\.1:(\d+)/.exec(stage("weir")) ?? [];
    assert.ok(execForm(stage("weir"), "  CMD")[2]?.includes(`http://127.0.0.1:${port}/readyz`));
  });

  test("says what it is, as package.json does", () => {
    const labels = Object.fromEntries(
      [...stage("weir").matchAll(/org\.opencontainers\.image\.(\S+)="([^"]*)"/g)].map(([, name, value]) => [
        name,
        value,
      ]),
    );
    const [, base] = /^FROM (\S+)/.exec(stage("weir")) ?? [];
    const { name: title, description, version } = manifest;
    assert.deepEqual(labels, { title, description, version, "base.name": base });
  });

  test("leaves out of the packages only what is not run", () => {
    const removed = [...stage("packages").matchAll(/-name '([^']+)'/g)].map(([, pattern]) => pattern);
    assert.deepEqual(removed, ["*.ts", "*.mts", "*.cts", "*.map"]);
  });

  test("of the doubles has no packages, for they import none", async () => {
    assert.doesNotMatch(stage("doubles"), /node_modules/);
    const seen = new Set(["demo/double.ts"]);
    for (const file of seen) {
      const text = await readFile(file, "utf8");
      for (const [, name = ""] of text.matchAll(/\bfrom "([^"]+)"/g)) {
        if (name.startsWith("node:")) continue;
        assert.match(name, /^\.\.?\//, `${file} imports ${name}`);
        const path = new URL(name.replace(/\.js$/, ".ts"), `file:///${file}`).pathname.slice(1);
        assert.match(path, /^demo\//, `${file} imports ${name}`);
        seen.add(path);
      }
    }
    assert.ok(seen.size >= 4);
  });
});
