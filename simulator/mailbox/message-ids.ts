/**
 * Mints ids that look and behave like Exchange's: case-sensitive, opaque, immutable ones short and base64url,
 * default ones long and plain base64 (so with "/", "+" and "=").
 * Invariant: no id is given twice, and no two differ only in letter case. Knows no message.
 */
import type { Random } from "../random.js";

/** Mints the ids of one mailbox. */
export interface IdMint {
  immutable(): string;
  byDefault(): string;
  folder(): string;
}

const immutableStart = "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A";
const defaultStart = "AAMkADZhM2Y4";
const folderStart = "AQMkADk5";

/** Makes the mint of one mailbox; its ids share a part that tells the mailbox. */
export function createIdMint(random: Random): IdMint {
  const immutablePrefix = immutableStart + random.bytes(18).toString("base64url");
  const defaultPrefix = defaultStart + random.bytes(84).toString("base64");
  const folderPrefix = folderStart + random.bytes(72).toString("base64url");
  let minted = 0;

  function tail(): Buffer {
    minted += 1;
    const bytes = random.bytes(16);
    bytes.writeUInt32BE(Math.imul(minted, 2_654_435_761) >>> 0, 0);
    return bytes;
  }

  return {
    immutable: () => immutablePrefix + tail().subarray(0, 11).toString("base64").replaceAll("+", "-").replaceAll("/", "_"),
    byDefault: () => defaultPrefix + tail().toString("base64"),
    folder: () => `${folderPrefix + tail().toString("base64url").slice(0, 20)}AAA=`,
  };
}

/** Whether the id is of the immutable kind; tells the kinds apart as only the server can. */
export function isImmutableId(id: string): boolean {
  return id.startsWith(immutableStart);
}

/** Whether Graph would take the text for an id at all; otherwise it answers ErrorInvalidIdMalformed. */
export function isWellFormedId(id: string): boolean {
  return id.length >= 64 && id.length % 4 === 0 && /^[A-Za-z0-9+/_-]+={0,2}$/.test(id);
}
