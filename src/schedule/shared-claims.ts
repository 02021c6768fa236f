/**
 * Which queue has which mailbox, where the queues' turns go around among processes: as `mailbox-claims.ts` has it in one,
 * noted in the store.
 *
 * A note is renewed while its queue has turns; one that was not for three hours is nobody's, as of a queue that is configured
 * no longer.
 */
import type { Clock } from "../base/clock.js";
import type { Key, Store } from "../state/store.js";
import { type MailboxClaims, takenMailbox } from "./mailbox-claims.js";

const renewMs = 3_600_000;
const endsAfterMs = 3 * renewMs;
/** Milliseconds for which what the store said is believed. */
const believedMs = 600_000;

interface Claim {
  readonly queue: string;
  /** Epoch milliseconds of its renewal. */
  readonly at: number;
}

export function createSharedClaims({ store, clock }: { readonly store: Store; readonly clock: Clock }): MailboxClaims {
  /** By mailbox: which queue had it when the store was asked last. */
  const known = new Map<string, Claim>();

  return {
    async claim(owner, queue) {
      const believed = known.get(owner);
      if (believed?.queue === queue && clock.now() - believed.at < believedMs) return;
      const key: Key = ["mailbox-claim", owner];
      for (;;) {
        const entry = await store.get(key);
        const holder = claimOf(entry?.value);
        const isOver = !holder || clock.now() - holder.at > endsAfterMs;
        if (!isOver && holder.queue !== queue) throw takenMailbox(queue, holder.queue);
        if (isOver || clock.now() - holder.at > renewMs) {
          const value = { queue, at: clock.now() };
          if (!(await store.commit({ checks: [{ key, version: entry?.version ?? null }], puts: [{ key, value }] })).ok) continue;
        }
        known.set(owner, { queue, at: clock.now() });
        return;
      }
    },
    // At the end of each turn: the next may be anywhere.
    release: () => undefined,
  };
}

function claimOf(value: unknown): Claim | undefined {
  const { queue, at } = (value ?? {}) as { readonly queue?: unknown; readonly at?: unknown };
  return typeof queue === "string" && typeof at === "number" ? { queue, at } : undefined;
}
