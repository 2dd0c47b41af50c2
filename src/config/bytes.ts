/** WSO2 counts in powers of 1024. */
const factors: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

/** Reads `1000` or `10 MB`; null when it is neither, undefined when there is nothing. */
export function readBytes(text: number | string | undefined): number | null | undefined {
  if (typeof text !== "string") return text;
  const [, digits, unit = ""] = /^(\d{1,12}) ?([KMGT]?B)$/.exec(text) ?? [];
  const factor = factors[unit];
  return factor === undefined ? null : Number(digits) * factor;
}
