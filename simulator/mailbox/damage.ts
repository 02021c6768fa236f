/**
 * A damaged message: which of its properties cannot be read, and how a request that wants one of them fails.
 * Invariant: a damage is complete and never changes. Knows no request.
 * Source: reports of single broken items (`ErrorItemCorrupt`, `ErrorMimeContentConversionFailed`) on which whole pages fail.
 */

/** How to damage a message. */
export interface DamageOptions {
  /** Graph's error code. Default "ErrorItemCorrupt". */
  code?: string;
  /** Status by id and of a batch part. Default 500. */
  status?: number;
  /** Status of a page that would show it: 500 with the code, or an empty `UnknownError` 504. Default 500. */
  page?: 500 | 504;
  /**
   * Graph's names of the properties that cannot be read, and "mime" for the message as MIME (`$value`). Default: body, uniqueBody,
   * internetMessageHeaders, bodyPreview, mime.
   * "all": nothing can be read by id, not even `$select=id`; pages still show id, receivedDateTime, isRead, parentFolderId,
   * internetMessageId and categories.
   */
  properties?: readonly string[] | "all";
  /**
   * Whether PATCH, move and DELETE work all the same; the answers of the first two then leave out what cannot be read. Default: true,
   * but false when `properties` is "all".
   */
  changes?: boolean;
}

/** A damage with every default filled in. */
export interface Damage {
  readonly code: string;
  readonly status: number;
  readonly page: 500 | 504;
  readonly changes: boolean;
  /** Whether this property cannot be read by id. */
  spoils(property: string): boolean;
  /** Whether a page that shows this property fails. */
  spoilsPage(property: string): boolean;
}

const content = ["body", "uniqueBody", "internetMessageHeaders", "bodyPreview", "mime"];
const readableOnPages = new Set(["id", "receivedDateTime", "isRead", "parentFolderId", "internetMessageId", "categories"]);

/** Fills in the defaults. */
export function completeDamage({ code = "ErrorItemCorrupt", status = 500, page = 500, ...options }: DamageOptions): Damage {
  const { properties = content, changes = properties !== "all" } = options;
  const base = { code, status, page, changes };
  if (properties === "all") {
    return { ...base, spoils: () => true, spoilsPage: (property) => !readableOnPages.has(property) };
  }
  const named = new Set(properties);
  const spoils = (property: string) => named.has(property);
  return { ...base, spoils, spoilsPage: spoils };
}
