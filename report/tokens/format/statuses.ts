/** How often there was which status. */
export function statusesOf(answers: Readonly<Record<number, number>>): string {
  return Object.entries(answers)
    .map(([status, times]) => `${times} × ${status}`)
    .join(", ");
}
