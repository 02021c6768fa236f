/**
 * Takes what is personal or secret out of texts that leave the house: addresses, ids, names, paths, and whatever looks like a token.
 *
 * Invariants: the same thing has the same stand-in wherever it stands, in whatever letter case or URL encoding; what is
 * not known to be harmless and is long, or decodes to something with an address in it, is taken out whole. A stand-in
 * says what kind of thing was there, never a part of it.
 */

export interface Redaction {
  /** A sentence without anything personal. `isSpeech`: what stands in quotation marks goes as well, as names of folders do. */
  text(sentence: string, options?: { readonly isSpeech?: boolean }): string;
  /** The stand-in of something that is no sentence. */
  name(kind: string, value: string): string;
}

export interface KnownNames {
  /** Queue addresses, in their order. */
  readonly queues: readonly string[];
  /** By kind (`account`, `tenant`, `path`), what is personal. */
  readonly others: Readonly<Record<string, readonly string[]>>;
}

/** With the at sign as it is, or encoded for a URL any number of times. */
const address = /[^\s"'`<>()[\]{},;:|=&?/\\%@]+(?:@|%(?:25)*40)[a-z0-9-]+(?:\.[a-z0-9-]+)+/gi;
const guid = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;
const ipAddress = /\b\d{1,3}(?:\.\d{1,3}){3}\b/g;
/** Absolute, of either kind of system; the path of a URL is none. */
const path = /(?<![\w/.~#-])(?:[A-Za-z]:\\|\/(?=[\w.~-]))[^\s"'`,;()<>]*[^\s"'`,;()<>.:]/g;
const host = /\bon host \S+/g;
/** What a token, a key or an encoded text is made of. */
const run = /[A-Za-z0-9+/_=~.%-]{8,}/g;
/** Longer than any word of ours. */
const longestWord = 31;
/** Error codes, steps of the guide and names of hosts, names of Graph's codes. */
const harmless = [/^[A-Z]+(_[A-Z]+)+$/, /^[a-z./-]+$/, /^[A-Z]?[a-z]+([A-Z][a-z]+)+\.?$/, /^(RESTAPI|Mailbox|Error)[A-Za-z]+\.?$/];

export function createRedaction({ queues, others }: KnownNames): Redaction {
  /** By kind and value in lower case. */
  const standIns = new Map<string, string>();
  const counts = new Map<string, number>();

  function name(kind: string, value: string): string {
    const key = value.toLowerCase();
    const present = standIns.get(key);
    if (present !== undefined) return present;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const made = `${kind}-${count}`;
    standIns.set(key, made);
    return made;
  }

  const known = [
    ...queues.map((queue) => ["queue", queue] as const),
    ...Object.entries(others).flatMap(([kind, values]) => values.map((value) => [kind, value] as const)),
  ].filter(([, value]) => value !== "");
  for (const [kind, value] of known) name(kind, value);
  /** The longest first: one may be a part of another. */
  const spellings = known
    .flatMap(([, value]) => [value, encodeURIComponent(value)].map((spelling) => ({ spelling, made: name("", value) })))
    .sort((a, b) => b.spelling.length - a.spelling.length)
    .map(({ spelling, made }) => ({
      isAddress: /@|%40/.test(spelling),
      made,
      form: new RegExp(`${/@|%40/.test(spelling) ? "(?<![a-z0-9._+-])" : ""}${literally(spelling)}`, "gi"),
    }));
  const standInFor = (text: string, isAddress: boolean) =>
    spellings.filter((one) => one.isAddress === isAddress).reduce((at, { form, made }) => at.replace(form, made), text);

  const holds = (text: string) => text.search(address) >= 0 || spellings.some(({ form }) => text.search(form) >= 0);

  function withoutRuns(text: string): string {
    return text.replace(run, (found) => {
      const isSecret = found.length > longestWord && !harmless.some((form) => form.test(found));
      return isSecret || decodings(found).some(holds) ? "hidden" : found;
    });
  }

  return {
    name: (kind, value) => name(kind, value),
    text(sentence, { isSpeech = false } = {}) {
      // Addresses before the names of their domains, so that none is left in half.
      let text = standInFor(sentence, true).replace(address, (found) => name("address", decoded(found)));
      text = standInFor(text, false);
      text = text.replace(guid, (found) => name("id", found)).replace(ipAddress, (found) => name("ip", found));
      text = text.replace(host, (found) => `on host ${name("host", found.slice(8))}`).replace(path, (found) => name("path", found));
      if (isSpeech) text = text.replace(/"(?:[^"\\]|\\.)*"/g, (found) => `"${name("text", found)}"`);
      return withoutRuns(text);
    },
  };
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function decoded(text: string): string {
  let at = text;
  for (let depth = 0; depth < 5 && at.includes("%"); depth += 1) at = at.replaceAll(/%25/g, "%").replaceAll(/%40/g, "@");
  return at;
}

/** What it says where it is base64, of either alphabet, from any of its first four characters on. */
function decodings(text: string): string[] {
  return [0, 1, 2, 3].map((from) => Buffer.from(text.slice(from).replaceAll(/[.~%]/g, ""), "base64url").toString("latin1"));
}
