/**
 * One HTTP exchange without HTTP: what both doors hand in and what they get back.
 * Invariant: header names are lower case in an ask; its body is text. Knows no door and no route.
 */

/** A request, whichever door it came through. */
export interface Ask {
  /** The real host that was meant, lower case. */
  readonly host: string;
  readonly method: string;
  /** The path as sent, still percent-encoded. */
  readonly path: string;
  /** What follows the question mark, "" when there is none. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** Whom a test plays at a sign-in page, who needs no password to get in; set by no door. */
  readonly person?: string;
  /**
   * Calls back once the caller has stopped waiting, soon when that has happened already, never before it returns; a delay
   * then ends at once. Returns the way to stop listening.
   */
  readonly onGone?: (listener: () => void) => () => void;
}

/** Bytes that may be too many to keep: they are made anew, piece by piece, while they are sent. */
export interface ByteBody {
  /** How many they are; undefined when that is not told ahead. */
  readonly length: number | undefined;
  /** Who takes them ends the iterator, by `return` where not all are wanted. One that throws breaks the connection. */
  pieces(): Iterator<Uint8Array>;
}

/** An answer. `body` "" means no body. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | ByteBody;
}

/** What comes of an ask: an answer, or a connection that breaks. */
export type Outcome = Answer | "dropped";

/** Waits one turn of the event loop, so that requests really overlap. Taken at import: faked timers must not freeze the server. */
const immediate = setImmediate;

/** One real turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void immediate(resolve));
}

/** Query parameters in order, decoded as forms are; a missing "=" gives "". */
export function parseQuery(query: string): [name: string, value: string][] {
  if (query === "") return [];
  return [...new URLSearchParams(query)];
}

/** The text of an answer that is one; "" of bytes. */
export const textOf = ({ body }: Answer): string => (typeof body === "string" ? body : "");

/** All the bytes, as JSON has them. */
export function base64Of({ pieces }: ByteBody): string {
  const all: Uint8Array[] = [];
  const from = pieces();
  for (let piece = from.next(); !piece.done; piece = from.next()) all.push(piece.value);
  return Buffer.concat(all).toString("base64");
}
