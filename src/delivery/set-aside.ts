/**
 * Messages that are not handed over at all: poison, and what a storm brings where the queue's rule says that it rests.
 *
 * Invariant: a stop waits until their rest is recorded, as it does for a delivery; the next of their conversation may come then.
 */
import { senderOf } from "../mailbox/message.js";
import type { InFlight } from "./in-flight.js";
import type { OpenEntry } from "./ledger-record.js";
import type { Settlements } from "./settlements.js";
import type { Storms } from "./storms.js";
import { conversationOf, type Loaded, type WaitingRoom } from "./waiting-room.js";

export interface SetAsideOptions {
  readonly settlements: Pick<Settlements, "recordPoison" | "recordUndelivered">;
  readonly inFlight: Pick<InFlight, "reserve" | "giveBack">;
  readonly room: Pick<WaitingRoom, "forget" | "free">;
  readonly meet: Storms["meet"];
  /** Of one that waited for something else after it had met. Default: of none. */
  readonly hasMet?: (entry: OpenEntry) => boolean;
  /** It rests. */
  readonly onDone: () => void;
  readonly onFailure: (error: unknown) => void;
}

export interface SetAside {
  /** It ended the process too often. */
  poison(entry: OpenEntry): void;
  /** Those that are to be handed over; the others rest from now on. */
  withoutStorms(some: readonly Loaded[]): readonly Loaded[];
}

export function createSetAside({ settlements, inFlight, room, meet, hasMet, onDone, onFailure }: SetAsideOptions): SetAside {
  async function put({ id }: OpenEntry, record: () => Promise<void>): Promise<void> {
    inFlight.reserve(1);
    try {
      await record();
    } catch (error) {
      inFlight.giveBack(1);
      return onFailure(error);
    }
    inFlight.giveBack(1);
    room.forget(id);
    onDone();
  }

  /** One that was tried before, or is asked for again, was let through already. */
  function reasonOf(one: Loaded): string | undefined {
    const { entry, item } = one;
    if (entry.attempts + entry.crashes > 0 || entry.replayedAt !== undefined || hasMet?.(entry)) return undefined;
    return meet(entry, { sender: senderOf(item), conversationId: conversationOf(one) });
  }

  return {
    poison: (entry) => void put(entry, () => settlements.recordPoison(entry)),
    withoutStorms: (some) =>
      some.filter((one) => {
        const reason = reasonOf(one);
        if (reason === undefined) return true;
        void put(one.entry, async () => {
          await settlements.recordUndelivered(one.entry, reason);
          room.free(conversationOf(one));
        });
        return false;
      }),
  };
}
