import type { Format } from "../format.js";
import { isJsonObject, type JsonObject } from "../json-object.js";
import { normaliseCounts, toTokenCount } from "../usage.js";
import type { MemberPath } from "../wanted-members.js";

/** Where a response tells a figure. */
export type UsagePlace =
  /** In its documents: the tokens of a JSON pointer (RFC 6901). */
  | { readonly kind: "pointer"; readonly path: MemberPath }
  /** In a header, by its lower-case name. */
  | { readonly kind: "header"; readonly name: string };

/** The figures that a place can be told for. */
export const customFigures = [
  "input",
  "output",
  "total",
  "cachedInput",
  "cacheWriteInput",
  "reasoning",
  "model",
] as const;
type Figure = (typeof customFigures)[number];

export type UsagePlaces = Readonly<Partial<Record<Figure, UsagePlace>>>;

/** The format of responses that tell their usage where `places` says. In a stream, the last that comes counts. */
export function customFormat(places: UsagePlaces): Format {
  const pointers = Object.values(places).flatMap((place) => (place.kind === "pointer" ? [place.path] : []));
  return {
    paths: pointers.map(beforeList),
    marks: pointers.map(markOf),
    recognises: () => true,
    open(report, head) {
      const told = new Map<Figure, unknown>();
      const count = () => {
        report.name(told.get("model"));
        if (!["input", "output", "total"].some((figure) => told.has(figure as Figure))) return;
        const of = (figure: Figure) => toTokenCount(told.get(figure));
        const counts = {
          input: of("input"),
          output: of("output"),
          total: of("total"),
          cachedInput: of("cachedInput"),
          cacheWriteInput: of("cacheWriteInput"),
          reasoning: of("reasoning"),
        };
        report.count(normaliseCounts(counts), true);
      };
      const take = (figure: Figure, value: unknown) => {
        if (value !== undefined && value !== null) told.set(figure, value);
      };
      for (const figure of customFigures) {
        const place = places[figure];
        if (place?.kind === "header") take(figure, head.header(place.name));
      }
      count();
      return (document) => {
        for (const figure of customFigures) {
          const place = places[figure];
          if (place?.kind === "pointer") take(figure, valueAt(document, place.path));
        }
        count();
      };
    },
  };
}

/** What a JSON pointer leads to, undefined where that is nothing. */
function valueAt(document: JsonObject, path: MemberPath): unknown {
  return path.reduce<unknown>((value, name) => {
    if (Array.isArray(value)) return isIndex(name) ? value[Number(name)] : undefined;
    return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }, document);
}

/** The last name on the way, as it stands in a document; the empty text, which any has, where it may be escaped. */
function markOf(path: MemberPath): string {
  const name = path.findLast((part) => !isIndex(part)) ?? "";
  return /^[\w $.:@-]+$/.test(name) ? `"${name}"` : "";
}

/** Of what is in a list, the list is captured. */
function beforeList(path: MemberPath): MemberPath {
  const index = path.findIndex(isIndex);
  return index > 0 ? path.slice(0, index) : path;
}

function isIndex(name: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(name);
}
