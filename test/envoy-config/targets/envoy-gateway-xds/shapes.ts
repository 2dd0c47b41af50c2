import assert from "node:assert/strict";

export interface Filter {
  readonly name: string;
  readonly typed_config: Record<string, unknown>;
}

export function extension(name: string, typed_config: Record<string, unknown>): Filter {
  return { name, typed_config };
}

export function type(message: string): string {
  return `type.googleapis.com/envoy.${message}`;
}

export function address(host: string, port: number): object {
  return { socket_address: { address: host, port_value: port } };
}

/** Kubernetes' quantity. */
export function bytes(quantity: string): number {
  const [, number, unit] = /^(\d+)(Mi)$/.exec(quantity) ?? [];
  assert.equal(unit, "Mi", quantity);
  return Number(number) * 1024 * 1024;
}

/** The Gateway API's duration as Envoy writes it. */
export function seconds(duration: string): string {
  const [, number, unit] = /^(\d+)(ms|s)$/.exec(duration) ?? [];
  assert.ok(unit, duration);
  return `${Number(number) / (unit === "ms" ? 1000 : 1)}s`;
}
