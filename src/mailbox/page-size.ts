/**
 * How many messages to ask for in a page: fewer after a page that Graph could not make or that could not be read
 * (500, 504 and bad answers come with big pages, or with one bad item) or that was large, slowly more again after that.
 * Begins with the configured size. A class, so that ten thousand queues share its methods.
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
  return new AdaptingPageSize(configured);
}

class AdaptingPageSize implements PageSize {
  readonly #configured: number;
  #current: number;
  /** Pages in a row that went well at this size. */
  #good = 0;
  #exhausted = false;

  constructor(configured: number) {
    this.#configured = configured;
    this.#current = configured;
  }

  get current(): number {
    return this.#current;
  }

  get exhausted(): boolean {
    return this.#exhausted;
  }

  succeeded(length: number): void {
    this.#exhausted = false;
    if (length > longestPage) {
      this.#good = 0;
      this.#current = Math.max(1, Math.floor((this.#current * longestPage) / length));
      return;
    }
    // Twice as many must be likely to fit.
    if (this.#current === this.#configured || length > longestPage / 2) return;
    this.#good += 1;
    if (this.#good < goodPages) return;
    this.#good = 0;
    this.#current = Math.min(this.#configured, this.#current * 2);
  }

  failed(error: unknown): boolean {
    this.#exhausted = isForPage(error) && this.#current === 1;
    if (!isForPage(error) || this.#exhausted) return false;
    this.#good = 0;
    this.#current = Math.ceil(this.#current / step);
    return !(error instanceof MailError && error.code === "GRAPH_BAD_RESPONSE");
  }
}

/** Whether the page may be to blame. 502 and 503 say that the service is away. */
export function isForPage(error: unknown): boolean {
  if (!(error instanceof MailError)) return false;
  return error.status === 500 || error.status === 504 || error.code === "GRAPH_TIMEOUT" || error.code === "GRAPH_BAD_RESPONSE";
}
