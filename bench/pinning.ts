import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Keeps servers on one core and the load on another, so that they do not take each other's time. */
export interface Pinning {
  pinServer(pid: number): void;
  pinLoad(pid: number): void;
}

/** Null where util-linux's `taskset` or a second core is missing: then the scheduler places all. */
export function findPinning(): Pinning | null {
  const [serverCore, loadCore] = allowedCores();
  if (serverCore === undefined || loadCore === undefined) return null;
  if (spawnSync("taskset", ["--version"]).status !== 0) return null;
  return { pinServer: (pid) => pin(pid, serverCore), pinLoad: (pid) => pin(pid, loadCore) };
}

/** With all its threads; those to come inherit it. */
function pin(pid: number, core: number): void {
  const { status, stderr } = spawnSync("taskset", ["-a", "-c", "-p", String(core), String(pid)]);
  if (status !== 0) throw new Error(`cannot pin process ${pid} to core ${core}: ${stderr}`);
}

/** The kernel lists them as `0-3,8`. */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
