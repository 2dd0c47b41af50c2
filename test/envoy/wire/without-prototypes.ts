/** A copy of a JSON value whose objects have no prototype, as decoded Structs have none: deepStrictEqual looks. */
export function withoutPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  if (typeof value !== "object" || value === null) return value;
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, content] of Object.entries(value)) copy[key] = withoutPrototypes(content);
  return copy;
}
