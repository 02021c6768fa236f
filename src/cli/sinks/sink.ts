/** Where `run` hands the mail over. */
import type { Handler } from "../../daemon/options.js";

export interface Sink {
  /** Where that is, for a person. */
  readonly where: string;
  /** As of a host: resolves when the mail is there for good, throws for another attempt. */
  readonly handler: Handler;
  /**
   * How often a mail is tried where the configuration does not say; absent for the daemon's own default, which suits a
   * handler that fails for a mail's own sake.
   */
  readonly maxAttempts?: number;
  /** Whether its failures tell nothing of the mail, so that they can be shown. */
  readonly tellsReasons: boolean;
  /** Aborted when nobody will take anything any more, with the system's code as the reason. Absent where that cannot be. */
  readonly gone?: AbortSignal;
  /** Lets go of what it holds, after the daemon has stopped. */
  close(): void;
}

/**
 * Attempts of a mail that a built-in sink could not take: by the back-off of a retry, at most ten minutes, about two days
 * and a half. What fails is a full disk or an endpoint out of order, hardly ever the mail, and is mended on Monday.
 */
export const patientAttempts = 500;

export const nothingToClose = () => undefined;
