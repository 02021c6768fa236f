/** What the tests of this floor share: a ledger over a store in memory whose time stands still until it is moved. */

import { type Ledger, openLedger, type Sighting } from "../../../src/delivery/ledger.js";
import type { JsonObject } from "../../../src/graph/wire.js";
import { cursorKey } from "../../../src/mailbox/cursor.js";
import { memoryStore } from "../../../src/state/memory.js";
import { createManualClock, type ManualClock } from "../../support/manual-clock.js";
import { stepping } from "../../support/stepping.js";
import { type TroubledStore, troubledStore } from "../../support/troubled-store.js";

export const queue = "Support@Contoso.com";
export const queueKey = "support@contoso.com";
export const folder = "inbox";
export const startAt = Date.parse("2026-03-01T08:00:00Z");

export interface Desk {
  readonly clock: ManualClock;
  readonly store: TroubledStore;
  /** Opens the ledger, as a restarted or another process does. */
  open(): Promise<Ledger>;
  /** What the work gives, once the time has moved far enough for it. */
  done<T>(work: Promise<T>): Promise<T>;
}

export async function createDesk(): Promise<Desk> {
  const clock = createManualClock(startAt);
  const store = troubledStore(memoryStore({ clock }));
  await store.open();
  return {
    clock,
    store,
    open: () => openLedger({ store, clock, queue }),
    done: (work) => stepping(work, () => clock.advance(1)),
  };
}

export function cursor(link = "link 1") {
  return { key: cursorKey(queueKey, folder), value: { link } };
}

export function sighting(id: string, more: Partial<Sighting> = {}): Sighting {
  return { id, folder, receivedAt: startAt - 60_000, becomes: "pending", ...more };
}

/** A message's content as Graph gives it, of about `bytes` bytes by the daemon's own measure. */
export function item(id: string, { conversationId, bytes = 0 }: { conversationId?: string; bytes?: number } = {}): JsonObject {
  return {
    id,
    subject: id,
    toRecipients: [],
    bodyPreview: "",
    receivedDateTime: new Date(startAt - 60_000).toISOString(),
    body: { contentType: "html", content: "x".repeat(Math.max(0, Math.floor((bytes - 2_000) / 2) - id.length)) },
    ...(conversationId === undefined ? {} : { conversationId }),
  };
}
