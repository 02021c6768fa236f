/**
 * How many messages to ask for in a page: fewer after a page that Graph could not make or that could not be read
 * (504 and bad answers come with big pages), slowly more again after that. Begins with the configured size.
 */
import { MailError } from "../base/errors.js";

export interface PageSize {
  readonly current: number;
  succeeded(): void;
  /** Halves it, when the error is one that smaller pages may mend. */
  failed(error: unknown): void;
}

/** Pages in a row that must go well before the size is doubled again. */
const goodPages = 20;

/** @param configured 1 to 1,000; never exceeded */
export function createPageSize(configured: number): PageSize {
  let current = configured;
  /** Pages in a row that went well at this size. */
  let good = 0;
  return {
    get current() {
      return current;
    },
    succeeded() {
      if (current === configured) return;
      good += 1;
      if (good < goodPages) return;
      good = 0;
      current = Math.min(configured, current * 2);
    },
    failed(error) {
      if (!(error instanceof MailError)) return;
      const { code, status } = error;
      if (status !== 504 && code !== "GRAPH_TIMEOUT" && code !== "GRAPH_BAD_RESPONSE") return;
      good = 0;
      current = Math.ceil(current / 2);
    },
  };
}
