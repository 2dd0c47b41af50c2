import { DEFAULT_SCALAR_STYLE_RULES, dump, SCALAR_STYLE, type ScalarStyleRule } from "js-yaml";
import type { Config } from "./config.js";

const WIDTH = 120;

/** A text of several lines stays in one, where none of its own can be taken for a comment. */
const onOneLine: ScalarStyleRule = (layout) => {
  if (layout.node.value.includes("\n")) layout.style = SCALAR_STYLE.DOUBLE_QUOTED;
};
const scalarStyleRules = [onOneLine, ...Object.values(DEFAULT_SCALAR_STYLE_RULES)];

/** Writes configuration as YAML, with its comments above what they are about, under a comment of `head`. */
export function writeYaml(config: Config, head: string): string {
  const lines = dump(config, { lineWidth: -1, noRefs: true, quoteStyle: "double", scalarStyleRules }).split(
    "\n",
  );
  const written: string[] = comment("", head);
  let dashes = "";
  for (const line of lines) {
    const [, indent = "", dash = "", text] = /^( *)((?:- )*)"# (.*)": null$/.exec(line) ?? [];
    if (text === undefined) {
      written.push(dashes === "" ? line : dashes + line.slice(dashes.length));
      dashes = "";
      continue;
    }
    written.push(...comment(dashes === "" ? indent : dashes.replace(/- .*/, ""), JSON.parse(`"${text}"`)));
    if (dash !== "") dashes = indent + dash;
  }
  return written.join("\n");
}

/** In lines of at most {@link WIDTH}, or one word. */
function comment(indent: string, text: string): string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(" ")) {
    if (line.length + word.length >= WIDTH && line !== `${indent}#`) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
