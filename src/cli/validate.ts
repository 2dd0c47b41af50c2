import { loadPolicy } from "../app.js";
import { type Command, policyArgument, readArguments } from "./command.js";

export const validate: Command = {
  summary: "check a policy file and list all its mistakes",
  help: `Usage: weir validate POLICY

Exits with 0 when weir would serve the policy, and with 2 when it would refuse it: every mistake
is listed with its line, its place and what to do about it.

  POLICY  the policy file (WEIR_POLICY)`,

  async run(args, terminal) {
    const { positionals } = readArguments(args, {}, terminal.env);
    const file = policyArgument(positionals, terminal.env);
    const { policy, warnings } = await loadPolicy(file);
    for (const warning of warnings) terminal.err(`warning: ${warning}\n`);
    terminal.out(`${file} is good: ${policy.apisByRef.size} APIs, ${policy.limits.size} limits\n`);
    return 0;
  },
};
