/**
 * The changes of one queue that come together go to the store as one: each alone would have its epoch checked and its
 * way through the store to itself, which costs more than what it writes.
 *
 * Invariant: what is written is what the changes would have left one after another; they stand or fail together, as all
 * have the same check.
 */
import type { Clock } from "../base/clock.js";
import { createGatherer } from "../state/gather.js";
import type { Commit, Key } from "../state/store.js";
import type { Change } from "./ledger-contract.js";

type Together = Required<Pick<Commit, "puts" | "deletes">>;

export interface SharedCommits {
  /** Resolves when the change is durable; rejects with what the commit that it was in failed with. */
  add(change: Change): Promise<void>;
  /** Writes what waits now; resolves when nothing waits and nothing is being written. Never rejects. */
  drain(): Promise<void>;
}

export function sharedCommits(clock: Clock, commit: (change: Together) => Promise<void>): SharedCommits {
  const gatherer = createGatherer<Change, void>({
    clock,
    async write(take) {
      const changes = take();
      await commit(together(changes));
      return changes.map(() => undefined);
    },
  });
  return {
    add: (change) => gatherer.add(change, change.withinMs ?? 0),
    drain: () => gatherer.drain(),
  };
}

/** A commit's deletes come after all its puts: one that a later change puts again is none. */
function together(changes: readonly Change[]): Together {
  const puts: Together["puts"][number][] = [];
  const deletes = new Map<string, Key>();
  for (const change of changes) {
    for (const put of change.puts ?? []) {
      if (deletes.size > 0) deletes.delete(text(put.key));
      puts.push(put);
    }
    for (const key of change.deletes ?? []) deletes.set(text(key), key);
  }
  return { puts, deletes: [...deletes.values()] };
}

function text(key: Key): string {
  return key.join("\0");
}
