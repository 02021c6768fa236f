/**
 * How the LMDB store lays out its bytes: keys as `key.ts` encodes them, values as a version and JSON, and the store's
 * own records under keys that no caller's key can equal (those begin with a string's tag).
 */
import type { Stored } from "./engine.js";
import type { KeyBytes } from "./key.js";

/** Raised when an older package could no longer read or safely write the layout. */
export const lmdbFormat = 1;

/** Holds the format of the layout, as text. */
export const formatKey = keyBuffer("\x00format");
/** Holds the highest version given out. */
export const lastVersionKey = keyBuffer("\x00version");

const versionBytes = 8;

export function keyBuffer(bytes: KeyBytes): Buffer {
  return Buffer.from(bytes, "latin1");
}

/** The key bytes from a buffer as LMDB gives it. */
export function keyOf(buffer: Uint8Array): KeyBytes {
  return exact(buffer).toString("latin1");
}

/** A version as a double (exact for every safe integer), then JSON in UTF-8. */
export function recordBuffer(version: number, json: string): Buffer {
  const buffer = Buffer.allocUnsafe(versionBytes + Buffer.byteLength(json));
  buffer.writeDoubleLE(version, 0);
  buffer.write(json, versionBytes);
  return buffer;
}

export function recordOf(buffer: Uint8Array): Stored {
  const bytes = exact(buffer);
  return { version: bytes.readDoubleLE(0), json: bytes.toString("utf8", versionBytes) };
}

export function versionOf(buffer: Uint8Array): number {
  return exact(buffer).readDoubleLE(0);
}

/** LMDB lends a reused buffer whose `length` is right while its `byteLength` is not. */
function exact(buffer: Uint8Array): Buffer {
  return Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length);
}
