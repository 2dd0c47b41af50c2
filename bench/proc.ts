import { readFileSync } from "node:fs";

/** Linux counts CPU time in these for every program, whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100;

/** The user and system CPU time of a process and all its threads so far. Linux only. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field, the name, is in parentheses and may itself hold blanks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** The memory of a process that is resident now. */
export function rssMiBOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
