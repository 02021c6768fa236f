/**
 * Messages that are known under other ids: a mailbox that was restored, moved or imported gives each a new one, and a
 * walk over again shows them all as new.
 *
 * Invariant: a message counts as a copy only while the one it is like is not in the mailbox any more. Message-ID and date
 * alone are no proof: two messages may share both.
 */
import { finalEntries } from "../delivery/finals.js";
import type { Sighting } from "../delivery/ledger.js";
import type { FinalState } from "../delivery/ledger-record.js";
import { lookAtMessages } from "../mailbox/look.js";
import type { TurnWork } from "./folder-work.js";

export interface Copies {
  /** By id, the state of the message whose copy it is; what is no copy is not in the map. @throws MailError `GRAPH_…`, `STORE_…` */
  find(unknown: readonly Sighting[]): Promise<ReadonlyMap<string, FinalState>>;
}

interface Original {
  readonly id: string;
  readonly state: FinalState;
}

/** For one walk: what the ledger holds is read once, when the first unknown message comes. */
export function createCopies({ session, store, client, signal }: TurnWork): Copies {
  const { ledger, mailbox, settings } = session;
  /** By twin; some hundred bytes for each message that rests. Empty until it is needed. */
  let originals: Promise<Map<string, Original>> | undefined;

  async function read(): Promise<Map<string, Original>> {
    const found = new Map<string, Original>();
    for await (const page of finalEntries(store, ledger.queueKey, settings.address)) {
      for (const { id, entry } of page)
        if (entry.twin !== undefined && entry.state !== "gone") found.set(entry.twin, { id, state: entry.state });
    }
    for (const { id, twin, state, outcome } of ledger.open.values()) {
      if (twin !== undefined && state === "marking") found.set(twin, { id, state: outcome ?? "settled" });
    }
    return found;
  }

  return {
    async find(unknown) {
      if (unknown.length === 0) return new Map();
      originals ??= read();
      const byTwin = await originals;
      const alike = unknown.flatMap(({ id, twin }) => {
        const original = twin === undefined ? undefined : byTwin.get(twin);
        return original ? [{ id, original }] : [];
      });
      const looks = await lookAtMessages(client, mailbox, { ids: [...new Set(alike.map(({ original }) => original.id))], signal });
      return new Map(
        alike.filter(({ original }) => looks.get(original.id)?.found === false).map(({ id, original }) => [id, original.state]),
      );
    },
  };
}
