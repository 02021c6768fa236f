/**
 * The cursor of one folder: the newest link that Graph gave, with what must be known to go on from it.
 *
 * Invariant: it is written in the same commit as the ledger entries of its page, never before. Only the newest link is
 * kept: Graph keeps about three generations, so an older one is no fallback.
 */
import { MailError } from "../base/errors.js";
import type { Entry, Key, Value } from "../state/store.js";
import type { ContentOptions } from "./content-options.js";

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
  /** Epoch milliseconds of the end of the last complete round: what a lost cursor leaves unseen begins there. */
  readonly roundAt?: number;
  /** The walk is one over again: what it shows may be known under other ids. */
  readonly repeat?: true;
  /** Epoch milliseconds at which the newest walk over again began. */
  readonly repeatedAt?: number;
  /** Rounds are plain listings for now. */
  readonly listing?: ListingMode;
}

/** Why a folder has no delta rounds, and until when none is tried. All times in epoch milliseconds. */
export interface ListingMode {
  /** Graph's code, or ours where it gave none. */
  readonly code: string;
  readonly since: number;
  readonly until: number;
  /** Tries of a delta round in a row that were refused. */
  readonly tries: number;
  /** The folder's own id at the last round; absent before the first. */
  readonly folderId?: string;
  /** When the whole folder was last listed, and what it held then by Graph's count; absent before that. */
  readonly full?: { readonly at: number; readonly total: number };
  /** The count says that there is more to see than the newest mail. */
  readonly uneven?: true;
}

/** Of a folder that was never walked; all content comes with its pages where everything is wanted, unless each message is fetched by its id anyway. */
export function unwalked({ startFrom, content }: { readonly startFrom: unknown; readonly content: ContentOptions }): Cursor {
  return { select: startFrom === "everything" && !content.uniqueBody ? "full" : "light", live: false };
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
  return { ...cursor } as unknown as Value;
}

function isCursor(value: unknown): value is Cursor {
  if (typeof value !== "object" || value === null) return false;
  const { link, select, openedAt, live, roundAt, repeat, repeatedAt, listing } = value as Partial<Record<keyof Cursor, unknown>>;
  const linked = typeof link === "object" && link !== null ? (link as Record<string, unknown>) : undefined;
  return (
    (link === undefined || ((linked?.kind === "next" || linked?.kind === "delta") && typeof linked.url === "string")) &&
    (select === "full" || select === "light") &&
    [openedAt, roundAt, repeatedAt].every((time) => time === undefined || typeof time === "number") &&
    (repeat === undefined || repeat === true) &&
    (listing === undefined || isListingMode(listing)) &&
    typeof live === "boolean"
  );
}

function isListingMode(value: unknown): value is ListingMode {
  if (typeof value !== "object" || value === null) return false;
  const { code, since, until, tries, full } = value as Partial<Record<keyof ListingMode, unknown>>;
  const counted = full as Partial<NonNullable<ListingMode["full"]>> | null | undefined;
  return (
    typeof code === "string" &&
    [since, until, tries].every((number) => typeof number === "number") &&
    (counted === undefined || (typeof counted?.at === "number" && typeof counted.total === "number"))
  );
}
