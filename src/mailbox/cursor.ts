/**
 * The cursor of one folder: the newest link that Graph gave, with what must be known to go on from it.
 *
 * Invariant: it is written in the same commit as the ledger entries of its page, never before. Only the newest link is
 * kept: Graph keeps about three generations, so an older one is no fallback.
 */
import { MailError } from "../base/errors.js";
import type { Entry, Key, Value } from "../state/store.js";

export interface Cursor {
  /** Opaque; `next` while a round is under way, `delta` between rounds. Absent: the walk begins. */
  readonly link?: { readonly kind: "next" | "delta"; readonly url: string };
  /** Whether the pages of this walk bring content: the select is encoded in the link by the walk's first request. */
  readonly select: "full" | "light";
  /**
   * Epoch milliseconds by the server's clock at the first answer of the folder's first walk: what is older is governed
   * by `startFrom`. Absent until that answer.
   */
  readonly openedAt?: number;
  /** True once the first walk is complete: an unknown message found from then on is delivered whatever its date. */
  readonly live: boolean;
}

export function cursorKey(queueKey: string, folder: string): Key {
  return [queueKey, "cursor", folder];
}

/** @throws MailError `STORE_RECORD_INVALID` */
export function readCursor(entry: Entry, queue: string): Cursor {
  const { value } = entry;
  if (!isCursor(value)) {
    throw new MailError(
      "STORE_RECORD_INVALID",
      `The stored cursor ${entry.key.join("/")} of ${queue} cannot be read; restore the store from a copy.`,
      { queue },
    );
  }
  return value;
}

export function cursorValue(cursor: Cursor): Value {
  return { ...cursor };
}

function isCursor(value: unknown): value is Cursor {
  if (typeof value !== "object" || value === null) return false;
  const { link, select, openedAt, live } = value as Partial<Record<keyof Cursor, unknown>>;
  const linked = typeof link === "object" && link !== null ? (link as Record<string, unknown>) : undefined;
  return (
    (link === undefined || ((linked?.kind === "next" || linked?.kind === "delta") && typeof linked.url === "string")) &&
    (select === "full" || select === "light") &&
    (openedAt === undefined || typeof openedAt === "number") &&
    typeof live === "boolean"
  );
}
