import type { RedisServer } from "../../../demo/stack/redis.js";

/** How often Redis ran what. */
export interface CommandCounts {
  /** Asked for by clients. */
  readonly scripts: number;
  /** By the scripts. */
  readonly insideScripts: number;
}

const SCRIPTS = new Set(["eval", "evalsha"]);
/** What clients ask beside scripts, the report's own questions included. */
const ASIDE = /^(info|config|client|hello|ping|auth|select|script|command|latency|quit|readonly)\b/;

/** Reads `INFO commandstats`, which counts what scripts run as well. */
export function parseCommandStats(info: string): CommandCounts {
  let scripts = 0;
  let insideScripts = 0;
  for (const [, name = "", calls = "0"] of info.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)) {
    if (SCRIPTS.has(name)) scripts += Number(calls);
    else if (!ASIDE.test(name)) insideScripts += Number(calls);
  }
  return { scripts, insideScripts };
}

export async function readCommandCounts(server: RedisServer): Promise<CommandCounts> {
  return parseCommandStats(String(await server.command("INFO", "commandstats")));
}
