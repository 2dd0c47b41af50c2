/**
 * Tells whether a pattern matches the whole of a text, in any case: `*` stands for any characters, everything else for
 * itself. Each part between two stars is taken where it first stands, which leaves the most room for those behind it:
 * no choice is ever taken back, so that a hostile text takes no longer than its length times the pattern's.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const [first = "", ...parts] = pattern.toLowerCase().split("*");
  const last = parts.pop();
  if (last === undefined) return (text) => text.toLowerCase() === first;
  return (text) => {
    const whole = text.toLowerCase();
    if (!whole.startsWith(first) || !whole.endsWith(last)) return false;
    let from = first.length;
    for (const part of parts) {
      const at = whole.indexOf(part, from);
      if (at < 0) return false;
      from = at + part.length;
    }
    return from + last.length <= whole.length;
  };
}
