import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type ConfigWriter, startConfigWriter } from "../../demo/stack/envoy-config.js";
import { eventually } from "../support/weir.js";

describe("weir envoy --watch", () => {
  let folder: string;
  let writer: ConfigWriter;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-envoy-watch-"));
    await setApis("first");
    writer = await startConfigWriter(join(folder, "policy.yaml"), folder, [9191]);
  });
  after(async () => {
    await writer?.stop();
    await rm(folder, { recursive: true });
  });

  /** One API for each name, with a backend of that name. */
  async function setApis(...names: readonly string[]): Promise<void> {
    const apis = names.map(
      (name) =>
        `  - { name: ${name}, version: v1, match: { pathPrefix: /${name} }, backends: { production: { url: "http://${name}:1" } } }\n`,
    );
    const file = join(folder, "policy.yaml");
    await writeFile(`${file}.new`, `version: 1\napis:\n${apis.join("")}`);
    await rename(`${file}.new`, file);
  }

  const fileOf = (kind: string) => join(dirname(writer.file), `${kind}.yaml`);
  const isIn = async (kind: string, text: string) => (await readFile(fileOf(kind), "utf8")).includes(text);
  const isLogged = async (text: string) =>
    (await readFile(join(folder, "envoy-config.log"), "utf8")).includes(text);

  test("writes what the policy says last, though it changes while clusters are taken up", async () => {
    await setApis("second");
    await eventually("the cluster is there", () => isIn("clusters", "second:1"));
    await setApis("third");
    await eventually("the route is there", () => isIn("routes", "third/v1"));
    assert.ok(!(await isIn("routes", "second/v1")));
    for (const name of ["first:1", "second:1", "third:1"]) assert.ok(await isIn("clusters", name), name);
  });

  test("tries again what it could not write", async () => {
    await mkdir(`${fileOf("routes")}.new`);
    await setApis("fourth");
    await eventually("that is logged", () => isLogged("cannot write Envoy's configuration"));
    assert.ok(await isIn("routes", "third/v1"));
    await rmdir(`${fileOf("routes")}.new`);
    await eventually("the route is there", () => isIn("routes", "fourth/v1"), 10_000);
  });

  test("ends when it is asked to, though clusters are being taken up", async () => {
    await setApis("fifth");
    await eventually("the cluster is there", () => isIn("clusters", "fifth:1"));
    writer.child.kill("SIGTERM");
    assert.equal(await writer.child.exited, 0);
    assert.ok(await isIn("routes", "fifth/v1"));
  });
});
