import { dump } from "js-yaml";
import type { PolicyFile } from "../config/schema/policy.js";

/** How deep each part goes before it is written on one line. */
const depths: { readonly [K in keyof PolicyFile]?: number } = {
  tiers: 4,
  apis: 4,
  applications: 4,
  identity: 2,
  deny: 2,
  custom: 2,
};

/** Writes a policy file: part by part, in the order that they have, under a comment of `head`. */
export function writePolicy(policy: PolicyFile, head: readonly string[]): string {
  const comment = head.map((line) => `# ${line}\n`).join("");
  const parts = Object.entries(policy).map(([name, part]) =>
    dump(
      { [name]: part },
      {
        flowLevel: depths[name as keyof PolicyFile] ?? 1,
        lineWidth: -1,
        noRefs: true,
        flowBracketPadding: true,
        quoteStyle: "double",
      },
    ),
  );
  return comment + parts.join("\n");
}
