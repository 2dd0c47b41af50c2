import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { watchFile } from "../../src/config/watch.js";
import { eventually } from "../support/weir.js";

describe("a watched file", () => {
  let folder = "";
  let seen: string[] = [];
  let stop = () => {};
  const options = { pollMs: 60_000, settleMs: 10 };
  const path = (name: string) => join(folder, name);
  const see = (text: string) => {
    seen.push(text);
  };
  const sees = (text: string) => eventually(`sees "${text}" after ${seen}`, () => seen.at(-1) === text);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-watch-"));
    seen = [];
    await writeFile(path("policy.yaml"), "one");
  });
  afterEach(async () => {
    stop();
    await rm(folder, { recursive: true });
  });

  test("is told when it is written in place", async () => {
    stop = watchFile(path("policy.yaml"), "one", see, options);
    // A write in place may be seen half done, but never last.
    for (const text of ["two", "three"]) {
      await writeFile(path("policy.yaml"), text);
      await sees(text);
    }
  });

  test("is told when another file is renamed over it", async () => {
    stop = watchFile(path("policy.yaml"), "one", see, options);
    for (const text of ["two", "three"]) {
      await writeFile(path("policy.tmp"), text);
      await rename(path("policy.tmp"), path("policy.yaml"));
      await sees(text);
    }
    assert.deepEqual(seen, ["two", "three"]);
  });

  test("is told when the symbolic link of a ConfigMap is swapped", async () => {
    const release = async (name: string, text: string) => {
      await mkdir(path(name));
      await writeFile(join(path(name), "map.yaml"), text);
      await symlink(name, path("..data_tmp"));
      await rename(path("..data_tmp"), path("..data"));
    };
    await release("..2024_05_06", "one");
    await symlink(join("..data", "map.yaml"), path("map.yaml"));
    stop = watchFile(path("map.yaml"), "one", see, options);
    await release("..2024_05_07", "two");
    await sees("two");
    await release("..2024_05_08", "three");
    await rm(path("..2024_05_06"), { recursive: true });
    await sees("three");
    assert.deepEqual(seen, ["two", "three"]);
  });

  test("is not told of while it is gone, and is once it is back with another text", async () => {
    stop = watchFile(path("policy.yaml"), "one", see, { pollMs: 10, settleMs: 5 });
    await rm(path("policy.yaml"));
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(seen, []);
    await writeFile(path("policy.new"), "two");
    await rename(path("policy.new"), path("policy.yaml"));
    await sees("two");
    assert.deepEqual(seen, ["two"]);
  });

  test("is told of a change that came before the watch began", async () => {
    stop = watchFile(path("policy.yaml"), "what was read earlier", see, { pollMs: 20, settleMs: 5 });
    await sees("one");
  });

  test("is seen by polling alone where the system reports nothing", async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), "weir-elsewhere-"));
    await writeFile(join(elsewhere, "real.yaml"), "one");
    await symlink(join(elsewhere, "real.yaml"), path("linked.yaml"));
    stop = watchFile(path("linked.yaml"), "one", see, { pollMs: 20, settleMs: 5 });
    await writeFile(join(elsewhere, "real.new"), "two");
    await rename(join(elsewhere, "real.new"), join(elsewhere, "real.yaml"));
    await sees("two");
    await rm(elsewhere, { recursive: true });
  });

  test("is read once the folder is quiet, not at each of many writes", async () => {
    stop = watchFile(path("policy.yaml"), "one", see, { pollMs: 60_000, settleMs: 300 });
    for (const text of ["a", "ab", "abc"]) await writeFile(path("policy.yaml"), text);
    await sees("abc");
    assert.deepEqual(seen, ["abc"]);
  });

  test("is not told of when other files of the folder or its own text written again change nothing", async () => {
    stop = watchFile(path("policy.yaml"), "one", see, options);
    await writeFile(path("other.yaml"), "x");
    await writeFile(path("policy.new"), "one");
    await rename(path("policy.new"), path("policy.yaml"));
    await writeFile(path("policy.new"), "end");
    await rename(path("policy.new"), path("policy.yaml"));
    await sees("end");
    assert.deepEqual(seen, ["end"]);
  });

  test("is not told of once the watch has stopped", async () => {
    stop = watchFile(path("policy.yaml"), "one", see, { pollMs: 10, settleMs: 5 });
    await writeFile(path("policy.yaml"), "two");
    stop();
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(seen, []);
  });
});
