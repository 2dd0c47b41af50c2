import type { z } from "zod";
import { millionths } from "../millionths.js";

/** A number that is counted in millionths, so that sums of it are exact. */
export function decimal(number: z.ZodNumber) {
  return number.refine((value) => millionths(value) !== null, { error: "must have at most 6 decimals" });
}
