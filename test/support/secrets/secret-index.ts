/**
 * Finds secrets in text, whole or in part.
 *
 * Invariant: any 23 characters in a row of a secret of that length or more are found, also URL-encoded or quoted; shorter
 * secrets are found whole. Each secret is cut into pieces of 12 characters, one beside the other, so 23 in a row hold one
 * of them whole. A rolling hash slides over the text: its cost does not depend on how many secrets there are.
 * It must not know where the text was shown, and gives no secret back, only kinds.
 */
import { inspect } from "node:util";

export interface SecretIndex {
  /** `kind` is for people: "refresh token". Fewer than 8 characters are not looked for: any text could hold them. */
  add(kind: string, value: string): void;
  /** The kinds of the secrets in the text, each once. */
  search(text: string): string[];
  /** How many secrets were added and are looked for. */
  readonly count: number;
}

const pieceLength = 12;
/** From here on every part of that length holds a whole piece. */
const longLength = 2 * pieceLength - 1;
const shortestLength = 8;

/** Odd, so that it loses nothing modulo 2^32. */
const base = 0x01_00_01_93;
/** What a character has grown to when it leaves the window. */
const leaving = Array.from({ length: pieceLength }).reduce<number>((power) => Math.imul(power, base), 1);
/** Bits of the table that says which hashes may be a piece's: 2 MiB, so that most windows of a text end there. */
const tableBits = 24;
/** The high bits of a product depend on all of the hash, its low ones do not. */
const slotOf = (hash: number) => Math.imul(hash, 0x9e37_79b1) >>> (32 - tableBits);

/** The forms in which a text may be shown: as it is, in a URL, in a form, in JSON, by `inspect`. */
function formsOf(value: string): Iterable<string> {
  if (/^[\w.-]+$/.test(value)) return [value];
  const form = new URLSearchParams({ "": value }).toString().slice(1);
  return new Set([value, encodeURIComponent(value), form, JSON.stringify(value).slice(1, -1), inspect(value).slice(1, -1)]);
}

export function createSecretIndex(): SecretIndex {
  const table = new Uint8Array(2 ** (tableBits - 3));
  /** Piece to kind. */
  const pieces = new Map<string, string>();
  /** Short secret to kind. */
  const short = new Map<string, string>();
  let count = 0;

  function addPiece(kind: string, piece: string): void {
    if (pieces.has(piece)) return;
    pieces.set(piece, kind);
    let hash = 0;
    for (let at = 0; at < pieceLength; at += 1) hash = (Math.imul(hash, base) + piece.charCodeAt(at)) | 0;
    const slot = slotOf(hash);
    table[slot >>> 3] = (table[slot >>> 3] ?? 0) | (1 << (slot & 7));
  }

  function searchPieces(text: string, found: Set<string>): void {
    let hash = 0;
    for (let at = 0; at < text.length; at += 1) {
      hash = (Math.imul(hash, base) + text.charCodeAt(at)) | 0;
      if (at >= pieceLength) hash = (hash - Math.imul(leaving, text.charCodeAt(at - pieceLength))) | 0;
      const slot = slotOf(hash);
      if (((table[slot >>> 3] ?? 0) & (1 << (slot & 7))) === 0) continue;
      const kind = pieces.get(text.slice(Math.max(0, at + 1 - pieceLength), at + 1));
      if (kind !== undefined) found.add(kind);
    }
  }

  return {
    add(kind, value) {
      if (value.length < shortestLength) return;
      count += 1;
      for (const form of formsOf(value)) {
        if (form.length < longLength) short.set(form, kind);
        else for (let at = 0; at + pieceLength <= form.length; at += pieceLength) addPiece(kind, form.slice(at, at + pieceLength));
      }
    },
    search(text) {
      const found = new Set<string>();
      if (pieces.size > 0) searchPieces(text, found);
      for (const [secret, kind] of short) if (text.includes(secret)) found.add(kind);
      return [...found];
    },
    get count() {
      return count;
    },
  };
}
