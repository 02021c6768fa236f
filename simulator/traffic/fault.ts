/**
 * Faults a test switches on: which requests they strike and what they do to them.
 * Invariant: a fault strikes as often as it says, counted in order of arrival; the first switched on goes first. Knows no body of Graph's.
 */
import type { Random } from "../random.js";
import { entraRoutes, type RouteName } from "./route-name.js";

/**
 * A wrong done on purpose. Without `status`, `aadsts`, `graphCode`, `dropSocket`, `truncate`, `loop`, `endless` and `dropNextLink` the
 * answer itself stays as it is.
 */
export interface Fault {
  /** For people; need not be unique. */
  name: string;
  /** Default: every route. A batch part is matched by its own route. */
  route?: RouteName | RouteName[];
  /** Address; default: every mailbox. */
  mailbox?: string;
  /** Immutable id; only requests for that message, by either kind of id. */
  messageId?: string;
  /**
   * Only delta and list pages of messages for which more than this many are asked for (`odata.maxpagesize` or `$top`, the smaller;
   * 10 when neither is given); lets other requests through. With `status: 504` it is the page too big to be given in time.
   */
  pageLargerThan?: number;
  /** How many times it strikes. Default: always. */
  count?: number;
  /** Matching requests let through first. Default 0. */
  after?: number;
  /** Probability of striking, 0 to 1, under the simulator's seed. Default 1. */
  probability?: number;
  /** Answers with this status instead. */
  status?: number;
  /** JSON, or a string sent raw. Default: the error body usual for the status. */
  body?: unknown;
  /**
   * An AADSTS number: Entra's routes answer exactly as Entra refuses with it (`status` changes the status only); Graph's are let through.
   * A number that Entra's list does not hold comes as `invalid_grant`.
   */
  aadsts?: number;
  /** Graph's error code: Graph's routes answer with it, `status` or the status usual for the code (else 400); Entra's are let through. */
  graphCode?: string;
  headers?: Record<string, string>;
  /** Seconds, or any text for the header; a 429 with it bars the mailbox until it has passed. */
  retryAfter?: number | string;
  /** Waits this long before answering, on the global timer. */
  delayMs?: number;
  /** Breaks the connection: "before" with nothing done, "after" with the work done and only the answer lost. In a batch part it breaks the whole batch's connection. */
  dropSocket?: "before" | "after";
  /**
   * Keeps this many characters of the body; of a body of bytes (`attachmentValue`, `mime`) this many, and then the connection breaks.
   * Ignored in a batch part, which has no body text of its own.
   */
  truncate?: number;
  /**
   * Delta pages that lead to themselves and make no progress. "same-link": the page's nextLink is the link that was followed, and gives
   * the same items again (microsoft-graph-docs 4897; after a request without a token, the next page's link is the first to repeat).
   * "same-content": each page has a new nextLink, yet the same items (msgraph-sdk-dotnet 3082). When the fault ends, the link last given
   * leads on. Other routes are let through; a status, when there is one, comes first.
   */
  loop?: "same-link" | "same-content";
  /** Delta pages are empty, each with a new nextLink, and make no progress. When the fault ends, the link last given leads on. */
  endless?: boolean;
  /** List pages of messages have no nextLink although more mail exists (microsoft-graph-docs 2153); a last page counts as struck too. */
  dropNextLink?: boolean;
  /** For status faults: whether the request's work is done although it answers badly. Default "before": not done. */
  effect?: "before" | "after";
}

/** The faults in force. */
export interface Faults {
  /** Switches a fault on; returns the function that switches it off. */
  add(fault: Fault): () => void;
  /** Switches all off. */
  clear(): void;
}

/** A request as far as faults look at it. */
export interface FaultTarget {
  readonly route: RouteName;
  readonly mailbox: string | undefined;
  /** The ids the message goes by. */
  readonly messageIds: readonly string[];
  /** How many messages are asked for on a page; undefined when no page is. Asked only by faults that want to know. */
  pageSize?(): number | undefined;
}

/** What strikes one request. */
export interface Strike {
  /** The fault that decides the answer; undefined when only delays strike. */
  readonly fault: Fault | undefined;
  readonly delayMs: number;
}

/** The faults as the server asks them. */
export interface FaultBook extends Faults {
  /** Counts the request and tells what strikes it; undefined when nothing does. */
  strike(target: FaultTarget): Strike | undefined;
}

/** What makes a fault more than a delay. */
const deciding = [
  "status",
  "aadsts",
  "graphCode",
  "dropSocket",
  "truncate",
  "headers",
  "retryAfter",
  "body",
  "loop",
  "endless",
  "dropNextLink",
] as const;

/** Makes a book without faults. */
export function createFaultBook(random: Random): FaultBook {
  let lines: { fault: Fault; seen: number; struck: number }[] = [];

  function aims(fault: Fault, { route, mailbox, messageIds, pageSize }: FaultTarget): boolean {
    if (fault.route !== undefined && ![fault.route].flat().includes(route)) return false;
    if (fault.aadsts !== undefined && !entraRoutes.has(route)) return false;
    if (fault.graphCode !== undefined && entraRoutes.has(route)) return false;
    if (fault.mailbox !== undefined && fault.mailbox.toLowerCase() !== mailbox) return false;
    if ((fault.loop || fault.endless) && route !== "delta") return false;
    if (fault.dropNextLink && route !== "messages") return false;
    if (fault.pageLargerThan !== undefined && !((pageSize?.() ?? 0) > fault.pageLargerThan)) return false;
    return fault.messageId === undefined || messageIds.includes(fault.messageId);
  }

  return {
    add(fault) {
      const line = { fault: { ...fault }, seen: 0, struck: 0 };
      lines = [...lines, line];
      return () => {
        lines = lines.filter((one) => one !== line);
      };
    },
    clear() {
      lines = [];
    },
    strike(target) {
      if (lines.length === 0) return undefined;
      let delayMs = 0;
      for (const line of lines) {
        const { fault } = line;
        if (!aims(fault, target)) continue;
        line.seen += 1;
        if (line.seen <= (fault.after ?? 0) || line.struck >= (fault.count ?? Number.POSITIVE_INFINITY)) continue;
        if (fault.probability !== undefined && !random.chance(fault.probability)) continue;
        line.struck += 1;
        delayMs += fault.delayMs ?? 0;
        // A mere delay leaves room for the next fault; anything else decides the answer.
        if (deciding.some((part) => fault[part] !== undefined)) return { fault, delayMs };
      }
      return delayMs > 0 ? { fault: undefined, delayMs } : undefined;
    },
  };
}
