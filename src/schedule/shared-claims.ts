/**
 * Which queue has which mailbox, where the queues' turns go around among processes: as `mailbox-claims.ts` has it in one,
 * noted in the store.
 *
 * A note is renewed while its queue has turns; one that was not for three hours is nobody's. Where the queue is removed it is
 * kept for some minutes more: a process that still has the queue renews it in that time, so that at no moment two ask the mailbox.
 */
import type { Clock } from "../base/clock.js";
import type { Key, Store } from "../state/store.js";
import { type MailboxClaims, takenMailbox } from "./mailbox-claims.js";
import { ownerKey, readOwner } from "./mailbox-owner.js";

const renewMs = 3_600_000;
const endsAfterMs = 3 * renewMs;
/** Milliseconds for which what the store said is believed. */
const believedMs = 120_000;
/** Milliseconds after which a mailbox is nobody's whose queue was removed, unless another process turns to it. */
const leftAfterMs = 300_000;

interface Claim {
  /** In lower case: an address may be spelled anew. */
  readonly queue: string;
  /** Epoch milliseconds of its renewal. */
  readonly at: number;
}

export function createSharedClaims({ store, clock }: { readonly store: Store; readonly clock: Clock }): MailboxClaims {
  /** By mailbox: which queue had it when the store was asked last. */
  const known = new Map<string, Claim>();

  return {
    async claim(owner, address) {
      const queue = address.toLowerCase();
      const believed = known.get(owner);
      if (believed?.queue === queue && clock.now() - believed.at < believedMs) return;
      const key = claimKey(owner);
      for (;;) {
        const entry = await store.get(key);
        const holder = claimOf(entry?.value);
        const isOver = !holder || clock.now() - holder.at > endsAfterMs;
        if (!isOver && holder.queue !== queue) throw takenMailbox(address, holder.queue);
        if (isOver || clock.now() - holder.at > renewMs) {
          const value = { queue, at: clock.now() };
          if (!(await store.commit({ checks: [{ key, version: entry?.version ?? null }], puts: [{ key, value }] })).ok) continue;
        }
        known.set(owner, { queue, at: clock.now() });
        return;
      }
    },

    async leave(address) {
      const queue = address.toLowerCase();
      const owner = readOwner((await store.get(ownerKey(queue)))?.value);
      if (owner === undefined) return;
      const key = claimKey(owner);
      const entry = await store.get(key);
      const holder = claimOf(entry?.value);
      if (!entry || holder?.queue !== queue) return;
      known.delete(owner);
      const at = Math.min(holder.at, clock.now() - endsAfterMs + leftAfterMs);
      // Refused where another process has renewed it: then the queue goes on there.
      await store.commit({ checks: [{ key, version: entry.version }], puts: [{ key, value: { queue, at } }] });
    },

    // At the end of each turn: the next may be anywhere.
    release: () => undefined,
  };
}

function claimKey(owner: string): Key {
  return ["mailbox-claim", owner];
}

function claimOf(value: unknown): Claim | undefined {
  const { queue, at } = (value ?? {}) as { readonly queue?: unknown; readonly at?: unknown };
  return typeof queue === "string" && typeof at === "number" ? { queue: queue.toLowerCase(), at } : undefined;
}
