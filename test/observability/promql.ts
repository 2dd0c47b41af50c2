import { parser } from "@prometheus-io/lezer-promql";

/** What an expression asks for. */
export interface Query {
  readonly selectors: readonly Selector[];
  /** The labels of `by`, `without`, `on` and `ignoring`. */
  readonly groupings: readonly string[];
}

export interface Selector {
  readonly metric: string;
  /** Without quotes. */
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

/** Reads an expression by Prometheus's own grammar. Throws on one that it does not fit. */
export function parseQuery(text: string): Query {
  const tree = parser.parse(text);
  type Node = typeof tree.topNode;
  const textOf = (node: Node | null) => (node ? text.slice(node.from, node.to) : "");
  const selectors: Selector[] = [];
  const groupings: string[] = [];
  tree.iterate({
    enter({ type, from, node }) {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${text}`);
      if (type.name === "VectorSelector") {
        const matchers = node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? [];
        selectors.push({
          metric: textOf(node.getChild("Identifier")),
          matchers: matchers.map((matcher) => ({
            label: textOf(matcher.getChild("LabelName")),
            operator: textOf(matcher.getChild("MatchOp")),
            value: textOf(matcher.getChild("StringLiteral")).slice(1, -1),
          })),
        });
      }
      if (type.name === "GroupingLabels") groupings.push(...node.getChildren("LabelName").map(textOf));
    },
  });
  return { selectors, groupings };
}
