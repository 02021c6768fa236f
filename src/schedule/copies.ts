/**
 * Messages that are known under other ids: a mailbox that was restored, moved or imported gives each a new one, and a
 * walk over again shows them all as new.
 *
 * Invariant: a message counts as a copy only while the one it is like is not in the mailbox any more. Message-ID and date
 * alone are no proof: two messages may share both. A copy of what is still to be delivered is never lost: it waits for the
 * end of the one it is like, and is delivered if that could not be.
 */
import { MailError } from "../base/errors.js";
import { finalEntries } from "../delivery/finals.js";
import type { Sighting } from "../delivery/ledger.js";
import type { Known } from "../delivery/ledger-record.js";
import { type Look, lookAtMessages } from "../mailbox/look.js";
import type { TurnWork } from "./folder-work.js";

export interface Copies {
  /**
   * By id, what becomes of a copy; what is no copy is not in the map.
   * @throws MailError `GRAPH_…`, `STORE_…`; also where Graph does not say whether the one it is like is there
   */
  find(unknown: readonly Sighting[]): Promise<ReadonlyMap<string, Copy>>;
}

export type Copy = Pick<Sighting, "becomes" | "copyOf">;

/** For one walk: what the ledger holds is read once, when the first unknown message comes. */
export function createCopies({ session, store, client, signal }: TurnWork): Copies {
  const { ledger, mailbox, settings } = session;
  /** Ids by twin; some hundred bytes for each message that is known. Empty until it is needed. */
  let originals: Promise<Map<string, string>> | undefined;

  async function read(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for await (const page of finalEntries(store, ledger.queueKey, settings.address)) {
      for (const { id, entry } of page) {
        // What rests otherwise says more than one that went.
        if (entry.twin !== undefined && (entry.state !== "gone" || !found.has(entry.twin))) found.set(entry.twin, id);
      }
    }
    for (const { id, twin } of ledger.open.values()) if (twin !== undefined) found.set(twin, id);
    return found;
  }

  /** Whether Graph has it not any more. Without an answer nothing is known: one may be lost, or come twice. */
  function isAway(look: Look | undefined): boolean {
    if (look) return !look.found;
    const message = `Graph does not say whether a message of ${settings.address} is still there; the page is asked for again.`;
    throw new MailError("GRAPH_UNAVAILABLE", message, { queue: settings.address });
  }

  return {
    async find(unknown) {
      if (unknown.length === 0) return new Map();
      originals ??= read();
      const byTwin = await originals;
      const alike = unknown.flatMap(({ id, twin }) => {
        const original = twin === undefined ? undefined : byTwin.get(twin);
        return original === undefined ? [] : [{ id, original }];
      });
      const ids = [...new Set(alike.map(({ original }) => original))];
      const looks = await lookAtMessages(client, mailbox, { ids, signal });
      const known = await ledger.look(ids);
      return new Map(
        alike
          .filter(({ original }) => isAway(looks.get(original)))
          .map(({ id, original }) => [id, becomesOf(original, known.get(original))]),
      );
    },
  };
}

/** What went before it was delivered is delivered under its new id. */
function becomesOf(copyOf: string, known: Known | undefined): Copy {
  const state = known?.open ? known.open.outcome : known?.final.state;
  return { becomes: state === undefined || state === "gone" ? "pending" : state, copyOf };
}
