/** Keeps the newest pause that Graph asked for in the store, so that a restart keeps to it, however long the store is in trouble. */
import type { Clock } from "../base/clock.js";
import { asMailError, type MailError } from "../base/errors.js";
import { insisting } from "../delivery/insist.js";
import type { Bar } from "../graph/bar.js";
import type { Key } from "../state/store.js";

export interface PauseRecordOptions {
  readonly clock: Clock;
  /** Whose pause it is, for the error. */
  readonly of: string;
  readonly queue?: string;
  /** Ends what is being tried. */
  readonly signal: AbortSignal;
  readonly write: (pause: { readonly until: number; readonly code: string }) => Promise<unknown>;
  /** The store refuses to record it, for good. */
  readonly onFailure: (error: MailError) => void;
}

/** Where the pause of a queue's mailbox lies. */
export function barKeyOf(queueKey: string): Key {
  return [queueKey, "bar"];
}

/** What is to be called with each pause. Of several that wait for the store the newest is written, whoever's turn it is. */
export function pauseRecord({ clock, of, queue, signal, write, onFailure }: PauseRecordOptions): (pause: Bar) => void {
  let newest: Bar;
  return (pause) => {
    newest = pause;
    insisting(() => write({ ...newest }), { clock, signal }).catch((error: unknown) => {
      if (signal.aborted) return;
      onFailure(asMailError(error, "STORE_UNAVAILABLE", `The pause of ${of} could not be recorded.`, queue === undefined ? {} : { queue }));
    });
  };
}
