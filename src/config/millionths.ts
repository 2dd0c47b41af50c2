/**
 * A decimal number in millionths, exactly, as its author wrote it; null where it has more than six decimals. Numbers up
 * to 10^9 hold that many.
 */
export function millionths(value: number): number | null {
  const whole = Math.round(value * 1e6);
  return Number(`${whole}e-6`) === value ? whole : null;
}
