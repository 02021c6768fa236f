/**
 * Names of attachments as files: what the sender wrote, made safe to write to a disk, on Linux and on Windows.
 *
 * Invariants: never a path, never empty, no device of Windows, no character that hides or turns what follows, at most
 * {@link longestNameBytes} bytes; within one message no two are the same file on any usual file system.
 */

/** Of UTF-8; file systems take 255, which leaves room for what a host puts before. */
export const longestNameBytes = 180;
/** More is no ending that tells a kind of file. */
const longestEndingBytes = 20;
/** Code units that are looked at, from each end: a name may be a megabyte. */
const lookedAt = 1_000;

/** What is left without a name. */
const nameless = "attachment";

/** Path separators, and what Windows takes for more than a letter; the lone surrogate is no letter at all. */
const replaced = /[/\\:*?"<>|]|\p{Surrogate}/gu;
/** Controls; what cannot be seen and turns the direction of text; line and paragraph separators; letters without a meaning. */
const removed = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu;
const edge = /[\s.]/;
/** Devices of Windows, in every folder and with every ending. */
const device = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³])[ ]*(\.|$)/i;

/** Names for the attachments of one message, in their order. */
export function safeNames(names: readonly string[]): string[] {
  /** By what file systems that know no case compare; the count that comes next for such a name. */
  const taken = new Map<string, number>();
  return names.map((name) => {
    const safe = safeName(name);
    let unique = safe;
    for (let number = taken.get(sameness(safe)) ?? 1; taken.has(sameness(unique)); ) {
      number += 1;
      taken.set(sameness(safe), number);
      unique = numbered(safe, number);
    }
    if (!taken.has(sameness(unique))) taken.set(sameness(unique), 1);
    return unique;
  });
}

/** One name, without regard to others. */
export function safeName(name: string): string {
  const short = name.length > 2 * lookedAt ? name.slice(0, lookedAt) + name.slice(-lookedAt) : name;
  const clean = short.replace(replaced, "_").replace(removed, "").normalize("NFC");
  const [stem, ending] = parts(trimmed(clean));
  // One byte is left for what may come in front.
  const fitting = trimmed(cut(stem, longestNameBytes - 1 - bytesOf(ending)) + ending);
  const named = /^_*$/.test(fitting) ? nameless : fitting;
  return device.test(named) || /^[-~]/.test(named) ? `_${named}` : named;
}

/** Dots and spaces at its ends: they hide a file, or Windows drops them. */
function trimmed(name: string): string {
  let [from, to] = [0, name.length];
  while (from < to && edge.test(name.charAt(from))) from += 1;
  while (to > from && edge.test(name.charAt(to - 1))) to -= 1;
  return name.slice(from, to);
}

function parts(name: string): [stem: string, ending: string] {
  const dot = name.lastIndexOf(".");
  const ending = dot > 0 ? name.slice(dot) : "";
  return bytesOf(ending) > longestEndingBytes ? [name, ""] : [name.slice(0, name.length - ending.length), ending];
}

function numbered(name: string, number: number): string {
  const [stem, ending] = parts(name);
  const mark = ` (${number})`;
  return trimmed(cut(stem, longestNameBytes - bytesOf(mark + ending))) + mark + ending;
}

/** The beginning of a text that takes at most so many bytes, no letter halved. */
function cut(text: string, most: number): string {
  let length = 0;
  let bytes = 0;
  for (const letter of text) {
    bytes += bytesOf(letter);
    if (bytes > most) break;
    length += letter.length;
  }
  return text.slice(0, length);
}

const bytesOf = (text: string) => Buffer.byteLength(text, "utf8");

/** Equal for names that Windows or macOS take for one. */
const sameness = (name: string) => name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
