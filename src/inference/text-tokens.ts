const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
/** From here on a byte of UTF-8 is the first of several that make one character. */
const FIRST_OF_SEVERAL = 0xc0;
/** \uXXXX */
const WIDE_ESCAPE_BYTES = 6;

/** Tokens are summed up in hundredths, as integers. */
const UNITS_PER_TOKEN = 100;

/**
 * What one character comes to, in hundredths of a token, by how many bytes UTF-8 gives it. Rules of thumb, on the high
 * side for newer tokenizers; what they are off by for a model is learned (see estimate.ts).
 */
const UNITS_PER_CHARACTER = {
  /** OpenAI and Anthropic: "one token is about 4 characters" of English. Code, JSON and other Latin text are near. */
  1: 25,
  /** Cyrillic, Greek, Hebrew, Arabic: between 1 and 2 letters a token in the vocabularies that know them least. */
  2: 100,
  /** Mostly CJK, where common characters have a token and some words of two do: about 1.3 characters a token. */
  3: 77,
  /** Emoji and rare characters: seldom in a vocabulary, and then a token for every byte or two. */
  4: 200,
} as const;

/**
 * What the first byte of a character adds, where each byte counts as one of ASCII does. That way bytes which are not
 * UTF-8 at all count too.
 */
const addedUnits = Int16Array.from({ length: 256 }, (_, byte) => {
  const width = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
  return UNITS_PER_CHARACTER[width] - width * UNITS_PER_CHARACTER[1];
});

/** Roughly the tokens of the text of a JSON string: the bytes between its quotes, or the part of them that came. */
export function tokensOfText(bytes: Uint8Array, start: number, end: number): number {
  let units = (end - start) * UNITS_PER_CHARACTER[1];
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= FIRST_OF_SEVERAL) units += addedUnits[byte] as number;
    else if (byte === BACKSLASH) {
      const width = bytes[at + 1] === LOWER_U ? WIDE_ESCAPE_BYTES : 2;
      // Many clients write all that is not ASCII as \uXXXX; six bytes are then one character.
      if (at + width <= end) units += unitsOfEscape(bytes, at, width) - width * UNITS_PER_CHARACTER[1];
      at += width - 1;
    }
  }
  return Math.ceil(units / UNITS_PER_TOKEN);
}

/** Roughly the tokens of this many bytes of a text that cannot be read. */
export function tokensOfBytes(bytes: number): number {
  return Math.ceil((bytes * UNITS_PER_CHARACTER[1]) / UNITS_PER_TOKEN);
}

/** What the character comes to that is written with an escape of so many bytes. */
function unitsOfEscape(bytes: Uint8Array, at: number, width: number): number {
  if (width < WIDE_ESCAPE_BYTES) return UNITS_PER_CHARACTER[1];
  // The first three of the four digits tell all that matters. What is no digit is refused by the server.
  const page = hexDigit(bytes[at + 2]) * 16 + hexDigit(bytes[at + 3]);
  const row = page * 16 + hexDigit(bytes[at + 4]);
  if (row < 0x008) return UNITS_PER_CHARACTER[1];
  if (row < 0x080) return UNITS_PER_CHARACTER[2];
  // Half of a pair that stands for one character beyond U+FFFF.
  if (row >= 0xd80 && row < 0xe00) return UNITS_PER_CHARACTER[4] / 2;
  return UNITS_PER_CHARACTER[3];
}

function hexDigit(byte = 0): number {
  return byte <= 0x39 ? byte & 0x0f : (byte & 0x0f) + 9;
}
