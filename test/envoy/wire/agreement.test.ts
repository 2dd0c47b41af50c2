import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import type { ServiceDefinition } from "@grpc/grpc-js";
import type { FieldInfo } from "../../../src/envoy/wire/field.js";
import {
  accessLogService,
  authorizationService,
  externalProcessorService,
} from "../../../src/envoy/wire/services.js";
import { runPython } from "../../support/python.js";
import { tables } from "./tables.js";

type Field = Omit<FieldInfo, "name" | "of" | "values"> & {
  of: string | null;
  values: Record<string, number> | null;
  oneof: string | null;
};

interface Method {
  input: string;
  output: string;
  requestStream: boolean;
  responseStream: boolean;
}

interface Side {
  messages: Record<string, Record<string, Field>>;
  services: Record<string, Record<string, Method>>;
}

describe("the wire tables, proto/ and Envoy's own descriptors", () => {
  let proto: Side;
  let official: Side;

  before(() => {
    const sides = runPython("envoy/wire/descriptors.py", [join(process.cwd(), "proto")]);
    ({ proto, official } = sides as { proto: Side; official: Side });
  });

  test("proto/ and the tables have the same messages", () => {
    assert.deepEqual(tables.map(({ name }) => name).sort(), Object.keys(proto.messages).sort());
  });

  for (const { name, fields } of tables) {
    test(`${name} has the same fields in its table and in proto/`, () => {
      const described = Object.entries(proto.messages[name] ?? {});
      const expected = described.map(([name, { oneof: _, ...field }]) => [name, field]);
      const actual = fields.map(({ name, number, type, label, of, values }) => {
        return [name, { number, type, label, of: of ?? null, values: values ?? null }];
      });
      assert.deepEqual(Object.fromEntries(actual), Object.fromEntries(expected));
    });

    test(`${name} in proto/ is a part of the official one`, () => {
      for (const [field, ours] of Object.entries(proto.messages[name] ?? {})) {
        const theirs = official.messages[name]?.[field];
        const values = ours.values && pick(theirs?.values ?? {}, Object.keys(ours.values));
        assert.deepEqual(ours, { ...theirs, values }, `${name}.${field}`);
      }
    });
  }

  test("the services have the official methods", () => {
    assert.deepEqual(proto.services, official.services);
    assertServes(authorizationService, "envoy.service.auth.v3.Authorization");
    assertServes(externalProcessorService, "envoy.service.ext_proc.v3.ExternalProcessor");
    assertServes(accessLogService, "envoy.service.accesslog.v3.AccessLogService");
  });

  function assertServes(definition: ServiceDefinition, service: string): void {
    const expected = Object.entries(official.services[service] ?? {}).map(([method, theirs]) => {
      const { requestStream, responseStream } = theirs;
      return { path: `/${service}/${method}`, requestStream, responseStream };
    });
    const actual = Object.values(definition).map(({ path, requestStream, responseStream }) => {
      return { path, requestStream, responseStream };
    });
    assert.deepEqual(actual, expected);
  }
});

function pick(values: Record<string, number>, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}
