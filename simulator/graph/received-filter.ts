/**
 * `$filter` and `$orderby` of message lists: bounds of receivedDateTime, isRead, internetMessageId, joined by "and".
 * Invariant: what is not understood is refused, never ignored. Knows no folder.
 */
import type { StoredMessage } from "../mailbox/message.js";
import { badQuery, GraphRefusal } from "./refusal.js";

/** A filter as read. */
export interface MessageFilter {
  /** Received at or after, ms since 1970. */
  readonly from: number;
  /** Received before. */
  readonly before: number;
  /** Whether `passes` can refuse a message within the bounds. */
  readonly picks: boolean;
  passes(message: StoredMessage): boolean;
  readonly firstProperty: string | undefined;
}

const clause = /^(receivedDateTime|isRead|internetMessageId)\s+(eq|ge|gt|le|lt)\s+(.+)$/s;
/** Graph wants a whole instant without quotes. */
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

/** Reads `$filter`. Throws `GraphRefusal`. */
export function readFilter(text: string | undefined): MessageFilter {
  let from = Number.NEGATIVE_INFINITY;
  let before = Number.POSITIVE_INFINITY;
  const tests: ((message: StoredMessage) => boolean)[] = [];
  let firstProperty: string | undefined;
  for (const part of text === undefined ? [] : clausesOf(text)) {
    const match = clause.exec(part);
    if (!match) throw badQuery(`Invalid filter clause: '${part}'.`);
    const [, property = "", operator = "", value = ""] = match;
    firstProperty ??= property;
    if (property === "receivedDateTime") {
      const at = readInstant(value);
      if (operator === "ge") from = Math.max(from, at);
      else if (operator === "gt") from = Math.max(from, at + 1);
      else if (operator === "le") before = Math.min(before, at + 1);
      else if (operator === "lt") before = Math.min(before, at);
      else tests.push((message) => message.receivedAt === at);
    } else if (property === "isRead" && operator === "eq" && /^(true|false)$/.test(value)) {
      tests.push((message) => message.isRead === (value === "true"));
    } else if (property === "internetMessageId" && operator === "eq" && /^'.*'$/s.test(value)) {
      const wanted = value.slice(1, -1).replaceAll("''", "'");
      tests.push((message) => message.internetMessageId === wanted);
    } else throw badQuery(`Invalid filter clause: '${part}'.`);
  }
  return { from, before, picks: tests.length > 0, passes: (message) => tests.every((test) => test(message)), firstProperty };
}

/** The one form delta takes: `receivedDateTime ge|gt {instant}`; returns ms since 1970. */
export function readDeltaFilter(text: string): number {
  const match = /^receivedDateTime\s+(ge|gt)\s+(\S+)$/.exec(text.trim());
  if (!match)
    throw badQuery(
      "The '$filter' parameter value is not supported for 'Messages' resource; only a value of 'receivedDateTime ge value' is supported.",
    );
  return readInstant(match[2] ?? "") + (match[1] === "gt" ? 1 : 0);
}

/** Reads `$orderby`; true for ascending. Without it Graph lists the newest first. */
export function readAscending(text: string | undefined, filter: MessageFilter): boolean {
  if (text === undefined) return false;
  const match = /^receivedDateTime(\s+(asc|desc))?$/.exec(text.trim());
  if (!match) throw badQuery(`The '$orderby' value '${text}' is not supported.`);
  // Source: user-list-messages, "Using filter and orderby in the same query": the ordered property must come first in the filter.
  if (filter.firstProperty !== undefined && filter.firstProperty !== "receivedDateTime") {
    throw new GraphRefusal(400, "InefficientFilter", "The restriction or sort order is too complex for this operation.");
  }
  return match[2] !== "desc";
}

function readInstant(value: string): number {
  if (!instant.test(value)) throw badQuery(`Unrecognized 'Edm.DateTimeOffset' literal '${value}'.`);
  return Date.parse(value);
}

/** Splits at "and", but not inside quotes. */
function clausesOf(text: string): string[] {
  return text.split(/\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)/).map((part) => part.trim());
}
