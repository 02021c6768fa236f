/**
 * How a message waits for its next attempt, outside of the waiting room.
 *
 * Invariant: it holds nobody up but its own conversation, if it is to, and that for at most a minute.
 */
import type { Clock } from "../base/clock.js";
import type { JsonObject } from "../graph/wire.js";
import type { OpenEntry } from "./ledger-record.js";
import type { WaitingRoom } from "./waiting-room.js";

export interface NextAttemptOptions {
  readonly room: WaitingRoom;
  readonly clock: Clock;
  /** Calls back after a delay, unless the queue stops before. */
  readonly later: (delayMs: number, step: () => void) => void;
  /** Its content, where that is at hand: kept if it comes again soon and there is plenty of room. */
  readonly item?: JsonObject;
  /** The conversation that it holds. */
  readonly held?: string | undefined;
}

/** The longest that a failed message holds its conversation, milliseconds. */
const longestHoldMs = 60_000;

/** Back to the room when its time has come; a held conversation goes on then, or after a minute. */
export function awaitNextAttempt(entry: OpenEntry, { room, clock, later, item, held }: NextAttemptOptions): void {
  const delayMs = (entry.notBeforeAt ?? 0) - clock.now();
  const short = delayMs <= longestHoldMs;
  const kept = item && held !== undefined && short ? room.keep(entry, item) : undefined;
  const comeBack = () => {
    if (kept) room.putBack(kept);
    else room.add(entry);
    if (short) room.free(held);
  };
  if (held === undefined || short) return later(delayMs, comeBack);
  // One delay at a time: so many as there are, so many messages wait for theirs.
  later(longestHoldMs, () => {
    room.free(held);
    later(delayMs - longestHoldMs, comeBack);
  });
}
