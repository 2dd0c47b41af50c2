import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dump } from "js-yaml";
import { type LoadedPolicy, parsePolicy } from "../../src/config/load.js";
import { staticBootstrap } from "../../src/envoy-config/bootstrap.js";
import { hostTables } from "../../src/envoy-config/host-tables.js";
import { routingOf } from "../../src/envoy-config/routing.js";
import { SYSTEM_CA_FILE } from "../../src/envoy-config/settings.js";
import { routeConfiguration } from "../../src/envoy-config/virtual-hosts.js";
import { writeYaml } from "../../src/envoy-config/yaml.js";

interface Entry {
  readonly hosts?: readonly string[];
  readonly prefix: string;
}

function policyOf(entries: readonly Entry[], resources: readonly string[] = []): LoadedPolicy {
  const apis = entries.map(({ hosts, prefix }, i) => ({
    name: `a${i}`,
    version: "v1",
    match: { ...(hosts && { hosts }), pathPrefix: prefix },
    ...(resources.length > 0 && { resources: resources.map((match) => ({ match })) }),
    backends: { production: { url: `http://p${i}` }, sandbox: { url: `http://s${i}` } },
  }));
  return parsePolicy(dump({ version: 1, apis }), "policy");
}

/** `host: own prefixes | prefixes of less specific hosts`, guests by their name before their prefixes. */
function tables(entries: readonly Entry[]): string[] {
  return hostTables(routingOf(policyOf(entries)).apis).map(({ host, layers }) => {
    const told = layers
      .filter(({ apis }) => apis.size > 0)
      .map(
        ({ only, isCopy, apis }) =>
          `${isCopy ? "| " : ""}${only ? `${only}` : ""}${[...apis.keys()].join(" ")}`,
      );
    return `${host}: ${told.join(" ")}`.trim();
  });
}

const many = (length: number, entry: (i: number) => Entry) => Array.from({ length }, (_, i) => entry(i));

describe("virtual hosts", () => {
  test("have what a host says itself, then what less specific hosts say of other paths", () => {
    const entries = [
      { hosts: ["a.example.com"], prefix: "/x" },
      { hosts: ["*.example.com"], prefix: "/x/y" },
      { hosts: ["*.example.com"], prefix: "/z" },
      { hosts: ["*.com"], prefix: "/z/1" },
      { hosts: ["*.com"], prefix: "/zz" },
      { hosts: ["b.example.org"], prefix: "/" },
      { prefix: "/x" },
      { hosts: ["*", "a.example.com"], prefix: "/any" },
    ];
    assert.deepEqual(tables(entries), [
      "a.example.com: /x /any | /z | /zz",
      "*.example.com: /x/y /z | /zz | /x /any",
      "*.com: /z/1 /zz | /x /any",
      "b.example.org: /",
      "*: /x /any",
    ]);
  });

  test("are not made for hosts that would repeat too much of what others say", () => {
    const crowd = many(17, (i) => ({ prefix: `/c${i}` }));
    const entries = [
      { hosts: ["a.example.com"], prefix: "/x" },
      { hosts: ["*.example.com"], prefix: "/y" },
      { hosts: ["*.a.example.com"], prefix: "/z" },
      { hosts: ["own.example.com"], prefix: "/" },
    ];
    const all = crowd.map(({ prefix }) => prefix).join(" ");
    assert.deepEqual(tables([...entries, ...crowd]), [
      "own.example.com: /",
      `*: a.example.com/x *.a.example.com/z *.example.com/y ${all}`,
    ]);
  });

  test("say the same of an API once for each path that can lead there", () => {
    const config = routeConfiguration(
      routingOf(
        policyOf([{ prefix: "/" }, { prefix: "/a" }, { prefix: "/a/b" }, { prefix: "/ab" }], ["GET /x"]),
      ),
    );
    const [host] = config["virtual_hosts"] as {
      matcher: { matcher_tree: { prefix_match_map: { map: object } } };
    }[];
    const lists = Object.entries(host?.matcher.matcher_tree.prefix_match_map.map ?? {}).map(
      ([prefix, list]) => {
        const routes = list.action.typed_config.routes as { name: string }[];
        return `${prefix}: ${[...new Set(routes.map(({ name }) => name))].join(", ")}`;
      },
    );
    assert.deepEqual(lists, [
      "/: a0/v1 GET /x, a0/v1",
      "/a: a1/v1 GET /x, a1/v1, a0/v1",
      "/a/b: a2/v1 GET /x, a2/v1, a1/v1, a0/v1",
      "/ab: a3/v1 GET /x, a3/v1, a0/v1",
    ]);
  });
});

describe("the size of the configuration grows with the policy, and no faster,", () => {
  const settings = {
    listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
    admin: { kind: "tcp", host: "127.0.0.1", port: 0 },
    weir: [{ kind: "tcp", host: "127.0.0.1", port: 1 }],
    listenerTls: null,
    backendCaFile: SYSTEM_CA_FILE,
    weirTls: null,
  } as const;
  const resources = many(10, (i) => ({ prefix: `GET /items${i}/{id}` })).map(({ prefix }) => prefix);
  const bytesOf = (entries: readonly Entry[]) =>
    writeYaml(staticBootstrap(policyOf(entries, resources), settings), "For one test.").length;

  const shapes: Readonly<Record<string, (i: number) => Entry>> = {
    "where every API answers to every host": (i) => ({ prefix: `/a${i}/v1` }),
    "where half of them have a host of their own": (i) => ({
      ...(i % 2 === 0 && { hosts: [`h${i}.example.com`] }),
      prefix: `/a${i}/v1`,
    }),
    "where half of them are all of a host": (i) =>
      i % 2 === 0 ? { hosts: [`h${i}.example.com`], prefix: "/" } : { prefix: `/a${i}` },
    "where all are below one": (i) => ({ prefix: i === 0 ? "/" : `/a${i}` }),
    "where all are of one host": (i) => ({ hosts: ["api.example.com"], prefix: `/a${i}` }),
    "where each host has two": (i) => ({ hosts: [`h${i >> 1}.example.com`], prefix: `/v${i % 2}` }),
  };
  for (const [shape, entry] of Object.entries(shapes)) {
    test(shape, () => {
      const [few, lots] = [bytesOf(many(50, entry)), bytesOf(many(200, entry))];
      assert.ok(lots < few * 4.5, `${few} bytes for 50 APIs, ${lots} for 200`);
    });
  }
});
