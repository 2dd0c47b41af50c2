/** The names that lead from the root of a document to a member. */
export type MemberPath = readonly string[];

/** Members to capture, by name: null takes the whole value, anything else goes on inside it. */
export type WantedMembers = ReadonlyMap<string, WantedMembers | null>;

/** The members that any of the paths leads to. A path that ends within another takes the other's whole place. */
export function wantedMembers(paths: readonly MemberPath[]): WantedMembers {
  const tails = new Map<string, MemberPath[]>();
  for (const [name, ...tail] of paths) {
    if (name === undefined) continue;
    tails.set(name, [...(tails.get(name) ?? []), tail]);
  }
  return new Map(
    [...tails].map(([name, inner]) => [
      name,
      inner.some((tail) => tail.length === 0) ? null : wantedMembers(inner),
    ]),
  );
}
