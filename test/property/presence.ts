/**
 * Where each message is and was, and which must therefore arrive: those that were in a watched folder during the whole
 * of a completed round.
 *
 * Moments are counted, not timed: a message was there during the whole of a round when it came to its folder before the
 * moment at which the round began and is still in it when the round is told complete.
 */
import type { Account } from "./account.js";
import type { Chronicle } from "./chronicle.js";

export interface PresenceOptions {
  readonly accounts: Map<string, Account>;
  readonly chronicle: Chronicle;
  /** Watched folders by queue. */
  readonly watched: ReadonlyMap<string, readonly string[]>;
  /** Queues whose first walk delivers everything, so that nothing becomes baseline. */
  readonly everything: readonly string[];
}

/** What a script says of a new message. */
export type Arrival = Pick<Account, "id" | "queue" | "subject" | "conversationId" | "receivedAt" | "plan" | "isRead" | "isOldMail"> & {
  readonly folder: string;
};

export function createPresence({ accounts, chronicle: { violated }, watched, everything }: PresenceOptions) {
  /** By queue: the moment at which the round under way began, perhaps in a turn that failed or a process that is dead. */
  const rounds = new Map<string, number>();
  /** Queues whose first walk is complete, or does not matter. */
  const live = new Set<string>(everything);
  let moment = 0;

  function isWatched({ queue, place }: Account): boolean {
    return place !== undefined && (watched.get(queue)?.includes(place.folder) ?? false);
  }

  /** As long as the first walk may pass it, read mail in its way may become baseline. */
  function lookForBaseline(account: Account): void {
    if (!live.has(account.queue) && account.isRead && isWatched(account)) account.mayBeBaseline = true;
  }

  /** Others did something to it. */
  function touched(account: Account): void {
    moment += 1;
    if (!live.has(account.queue)) account.isOldMail = false;
    lookForBaseline(account);
  }

  return {
    arrived({ folder, ...arrival }: Arrival): void {
      moment += 1;
      const account: Account = {
        ...arrival,
        place: { folder, since: moment },
        mustArrive: false,
        mayBeBaseline: false,
        handOvers: [],
        failures: 0,
        mayHaveFailedOnce: false,
        notBeforeAt: 0,
        final: undefined,
        maybeFinal: undefined,
        unreadByOthers: false,
        movedByOthers: false,
        categorisedByOthers: false,
      };
      accounts.set(account.id, account);
      lookForBaseline(account);
    },
    moved(account: Account, folder: string): void {
      touched(account);
      account.movedByOthers = true;
      account.place = { folder, since: moment };
      lookForBaseline(account);
    },
    removed(account: Account): void {
      touched(account);
      account.place = undefined;
    },
    changed(account: Account, change: { isRead?: boolean; categories?: readonly string[] }): void {
      if (change.isRead !== undefined) account.isRead = change.isRead;
      if (change.isRead === false) account.unreadByOthers = true;
      if (change.categories) account.categorisedByOthers = true;
      touched(account);
    },

    /** A turn began: with it a round, unless one was broken off and is taken up where it stood. */
    turnBegan(queue: string): void {
      moment += 1;
      if (!rounds.has(queue)) rounds.set(queue, moment);
    },
    roundEnded(queue: string): void {
      const beganAt = rounds.get(queue);
      rounds.delete(queue);
      if (beganAt === undefined) return violated(`a round of ${queue} ended that never began`);
      live.add(queue);
      for (const account of accounts.values()) {
        if (account.queue === queue && isWatched(account) && account.place!.since < beganAt) account.mustArrive = true;
      }
    },
  };
}
