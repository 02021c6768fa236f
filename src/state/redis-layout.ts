/**
 * How the Redis store lays out its keys. A space has three Redis keys, all in one hash slot:
 *
 * - `{prefix:space}:records`, a hash: the key's bytes behind the space → `version:JSON`;
 * - `{prefix:space}:order`, a sorted set of the same fields, all with score 0, so that Redis orders them by their bytes;
 * - `{prefix:space}:calls`, a hash: `version`, the last one given out, and what the last call of each sender did.
 *
 * Fields are texts of one character per byte (`key.ts`), sent as UTF-8: that keeps their order, as UTF-8 orders by code point.
 */
import type { Stored } from "./engine.js";
import { decodeKey, type KeyBytes } from "./key.js";

/** Raised when an older package could no longer read or safely write the layout. */
export const redisFormat = 1;

/** The bytes of a space: of a key, what is before its other parts. */
export type SpaceBytes = KeyBytes;

/** Holds the format of the layout, as text. */
export function formatKeyOf(prefix: string): string {
  return `{${prefix}}:format`;
}

export interface SpaceKeys {
  readonly records: string;
  readonly order: string;
  readonly calls: string;
}

export function spaceKeys(prefix: string, space: SpaceBytes): SpaceKeys {
  const tag = `{${prefix}:${decodeKey(space)[0]}}`;
  return { records: `${tag}:records`, order: `${tag}:order`, calls: `${tag}:calls` };
}

export function spaceOf(bytes: KeyBytes): SpaceBytes {
  return bytes.slice(0, bytes.indexOf("\0") + 1);
}

/** Of a key in this space. */
export function fieldOf(space: SpaceBytes, bytes: KeyBytes): string {
  return bytes.slice(space.length);
}

export function recordOf(text: string): Stored {
  const colon = text.indexOf(":");
  return { version: Number(text.slice(0, colon)), json: text.slice(colon + 1) };
}
