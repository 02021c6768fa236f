/** Looks for words in a text, and in whatever its parts say when they are decoded: URL encodings, base64 of both alphabets from any place on. */

function unescaped(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The text, and what it decodes to, some layers deep. */
function layers(text: string, depth = 3): string[] {
  if (depth === 0) return [text];
  const runs = text.match(/[A-Za-z0-9+/_-]{8,}/g) ?? [];
  const decoded = runs.flatMap((run) => [0, 1, 2, 3].map((from) => Buffer.from(run.slice(from), "base64url").toString("latin1")));
  const printable = decoded.filter((one) => /[\x20-\x7e]{6,}/.test(one));
  const plain = unescaped(text);
  return [text, ...(plain === text ? [] : layers(plain, depth - 1)), ...printable.flatMap((one) => layers(one, depth - 1))];
}

/** Those of the words that are in it. */
export function found(text: string, words: readonly string[]): string[] {
  const all = layers(text).map((one) => one.toLowerCase());
  return words.filter((word) => all.some((one) => one.includes(word.toLowerCase())));
}
