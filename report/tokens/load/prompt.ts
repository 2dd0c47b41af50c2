const WORDS = "Please tell me what a weir is and how the water gets over it when the river is high".split(
  " ",
);

/** A prompt of so many words; the model server's price of it is a token a word. */
export function promptOf(words: number): readonly object[] {
  const content = Array.from({ length: words }, (_, i) => WORDS[i % WORDS.length]).join(" ");
  return [{ role: "user", content }];
}
