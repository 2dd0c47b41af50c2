import {
  constructFromEvents,
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  YAMLException,
} from "js-yaml";

/** Keys and indexes from the root of a document to one of its values. */
export type Path = readonly (string | number)[];

/** A YAML document and where its parts stand. */
export interface Document {
  readonly value: unknown;
  /** The 1-based line of a value's key (or list item); for what is not in the text, of the nearest part above. */
  lineOf(path: Path): number;
}

/** A text that is not one well-formed YAML document. */
export class YamlError extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/**
 * Reads one YAML 1.2 document. What YAML wants in quotes is read without them in one case that everybody writes:
 * `{ match: GET /items/{id} }`. Throws {@link YamlError}.
 */
export function parseYaml(text: string): Document {
  try {
    return readDocument(text);
  } catch (error) {
    const quoted = text.replace(unquotedTemplate, '$1"$2"');
    if (!(error instanceof YamlError) || quoted === text) throw error;
    return readDocument(quoted);
  }
}

/** A method and a path with parameters behind `match:`, up to where either ends in a flow mapping. */
const unquotedTemplate = /(\bmatch: +)((?:[A-Z-]+|\*) \/(?:[^\s{}[\],"'#]|\{[^\s{}[\],"'#]+\})*)/g;

function readDocument(text: string): Document {
  try {
    const events = parseEvents(text, {});
    const documents = constructFromEvents(events, { source: text, maxAliases: 1000 });
    if (documents.length !== 1) throw new YamlError(`expected one document, found ${documents.length}`, 1);
    const offsets = locate(events, text);
    const lineAt = lineIndex(text);
    return { value: documents[0], lineOf: (path) => lineAt(nearest(offsets, path)) };
  } catch (error) {
    if (error instanceof YAMLException)
      throw new YamlError(explain(error.reason), (error.mark?.line ?? 0) + 1);
    throw error;
  }
}

/** `[GET /items/{id}]` is what most who get this message have written. */
function explain(reason: string): string {
  return reason.startsWith("missed comma")
    ? `${reason}; text with any of { } [ ] , needs quotes here`
    : reason;
}

/** The offset of every key and list item, by its path. */
function locate(events: readonly Event[], text: string): Map<string, number> {
  const offsets = new Map<string, number>();
  let next = 0;
  const visit = (path: Path, offset: number | null): void => {
    const event = events[next++];
    if (!event) return;
    const start = offset ?? startOf(event);
    if (start !== NOWHERE) offsets.set(id(path), start);
    if (event.type === EVENT_ID.SEQUENCE) {
      for (let index = 0; !atEnd(); index++) visit([...path, index], null);
      next++;
    } else if (event.type === EVENT_ID.MAPPING) {
      while (!atEnd()) {
        const key = events[next];
        const name = key?.type === EVENT_ID.SCALAR ? getScalarValue(text, key) : "?";
        const keyOffset = key ? startOf(key) : 0;
        // What reads the value passes over such a key, so its mistakes would go unseen.
        if (name === "__proto__")
          throw new YamlError(`"${name}" cannot be a key`, lineIndex(text)(keyOffset));
        visit([...path, name, "(key)"], null);
        visit([...path, name], keyOffset);
      }
      next++;
    }
  };
  const atEnd = () => events[next] === undefined || events[next]?.type === EVENT_ID.POP;
  next++;
  visit([], null);
  return offsets;
}

/** What the parser says of a value that is left out, as in a list item that is a dash alone. */
const NOWHERE = -1;

function startOf(event: Event): number {
  switch (event.type) {
    case EVENT_ID.SCALAR:
      return event.valueStart;
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.ALIAS:
      return event.anchorStart;
    default:
      return 0;
  }
}

function nearest(offsets: ReadonlyMap<string, number>, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const offset = offsets.get(id(path.slice(0, length)));
    if (offset !== undefined) return offset;
  }
  return 0;
}

const id = (path: Path) => JSON.stringify(path);

/** Finds the 1-based line of an offset. */
function lineIndex(text: string): (offset: number) => number {
  const starts = [0];
  for (const { index, 0: lineBreak } of text.matchAll(/\r\n|\r|\n/g)) starts.push(index + lineBreak.length);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
