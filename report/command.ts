import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

/** What one report is made of. */
export interface ReportCommand<Part extends string, Plan extends { readonly deadlineMs: number }, Report> {
  /** Everything that can be asked for by itself. */
  readonly parts: readonly Part[];
  readonly plans: { readonly full: Plan; readonly quick: Plan };
  run(parts: readonly Part[], plan: Plan, folder: string, say: (line: string) => void): Promise<Report>;
  format(report: Report): string;
}

/** Makes a report as the command line says (`[--json] [--quick] [--only NAME]`) and prints it; it ends by its deadline. */
export async function runReportCommand<
  Part extends string,
  Plan extends { readonly deadlineMs: number },
  Report,
>(command: ReportCommand<Part, Plan, Report>): Promise<void> {
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({ options: { json: flag, quick: flag, only: { type: "string" } } });
  const plan = values.quick ? command.plans.quick : command.plans.full;
  const say = (text: string) => process.stderr.write(`report: ${text}\n`);
  const only = command.parts.find((name) => name === values.only);
  if (values.only !== undefined && !only)
    throw new Error(`--only must be one of ${command.parts.join(", ")}`);

  const folder = mkdtempSync(join(tmpdir(), "weir-report-"));
  // Whatever is started puts its files here as well, so that none is left when all ends in the middle.
  process.env["TMPDIR"] = folder;
  // Children are killed when this process exits, each by a listener of its own.
  process.setMaxListeners(100);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  setTimeout(() => {
    say(`not done after ${plan.deadlineMs / 1000} s, giving up`);
    process.exit(1);
  }, plan.deadlineMs).unref();

  const report = await command.run(only ? [only] : command.parts, plan, folder, say);
  process.stdout.write(`${values.json ? JSON.stringify(report) : command.format(report)}\n`);
}
