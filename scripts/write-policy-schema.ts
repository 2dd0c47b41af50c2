import { writeFileSync } from "node:fs";
import { policyJsonSchema } from "../src/config/schema/policy.js";

// Writes policy.schema.json, by which editors complete and check policy files. Run it by `npm run gen`.
writeFileSync("policy.schema.json", `${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
