/**
 * How many messages to ask for in a page: fewer after a page that Graph could not make or that could not be read
 * (500, 504 and bad answers come with big pages, or with one bad item) or that was large, slowly more again after that.
 * Begins with the configured size.
 */
import { MailError } from "../base/errors.js";

export interface PageSize {
  readonly current: number;
  /** The last page was of one message, and failed all the same. */
  readonly exhausted: boolean;
  /** A page came, of so many characters: the next are to be of no more than {@link longestPage}, if smaller ones can be had. */
  succeeded(length: number): void;
  /**
   * Takes a quarter of it when the error is one that smaller pages may mend. True when such a page is worth asking for at
   * once: an answer that cannot be read is told first, as whatever lies between Graph and us may have made it.
   */
  failed(error: unknown): boolean;
}

/** Characters of a page that is kept in memory as a whole while the next one comes. */
export const longestPage = 4 * 2 ** 20;
/** Pages in a row that must go well before the size is doubled again. */
const goodPages = 20;
/** Each step down costs a page that fails, perhaps after half a minute: from 100 down to one in four. */
const step = 4;

/** @param configured 1 to 1,000; never exceeded */
export function createPageSize(configured: number): PageSize {
  let current = configured;
  /** Pages in a row that went well at this size. */
  let good = 0;
  let exhausted = false;
  return {
    get current() {
      return current;
    },
    get exhausted() {
      return exhausted;
    },
    succeeded(length) {
      exhausted = false;
      if (length > longestPage) {
        good = 0;
        current = Math.max(1, Math.floor((current * longestPage) / length));
        return;
      }
      // Twice as many must be likely to fit.
      if (current === configured || length > longestPage / 2) return;
      good += 1;
      if (good < goodPages) return;
      good = 0;
      current = Math.min(configured, current * 2);
    },
    failed(error) {
      exhausted = isForPage(error) && current === 1;
      if (!isForPage(error) || exhausted) return false;
      good = 0;
      current = Math.ceil(current / step);
      return !(error instanceof MailError && error.code === "GRAPH_BAD_RESPONSE");
    },
  };
}

/** Whether the page may be to blame. 502 and 503 say that the service is away. */
export function isForPage(error: unknown): boolean {
  if (!(error instanceof MailError)) return false;
  return error.status === 500 || error.status === 504 || error.code === "GRAPH_TIMEOUT" || error.code === "GRAPH_BAD_RESPONSE";
}
