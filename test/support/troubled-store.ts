/** A store between a test and a real one: its commits and reads can be refused, held back and looked at. */
import { MailError } from "../../src/base/errors.js";
import type { Commit, CommitResult, Store } from "../../src/state/store.js";
import { deferred } from "./deferred.js";

export interface TroubledStore extends Store {
  /** Refuses commits before anything is written; empty: none. */
  refuse: ((commit: Commit) => MailError | undefined) | undefined;
  /** Refuses reads; empty: none. */
  refuseReads: (() => MailError | undefined) | undefined;
  /** Commits handed in from now on, all or those chosen, wait for `release`. */
  hold(chosen?: (commit: Commit) => boolean): void;
  release(): void;
  /** Commits that wait for `release`. */
  readonly heldCount: number;
  /** Commits that were handed in and not refused, in order. */
  readonly commits: readonly Commit[];
}

/** What a full disk or a server that is away gives. */
export const away = () => new MailError("STORE_UNAVAILABLE", "The store is away.");

/** Whether a commit tells of work on a message, an attempt or its end, and not only of messages that were found. */
export function isOfWork({ puts = [], deletes = [] }: Commit): boolean {
  return deletes.length > 0 || puts.some(({ key, value }) => key[1] === "open" && (value as { state: string }).state !== "pending");
}

export function troubledStore(inner: Store): TroubledStore {
  const commits: Commit[] = [];
  /** Empty when nothing is held. */
  let heldCount = 0;
  let held: { readonly chosen: (commit: Commit) => boolean; readonly opened: Promise<void>; readonly open: () => void } | undefined;

  async function read<T>(work: () => Promise<T>): Promise<T> {
    const error = store.refuseReads?.();
    if (error) throw error;
    return work();
  }

  const store: TroubledStore = {
    name: inner.name,
    refuse: undefined,
    refuseReads: undefined,
    commits,
    open: () => inner.open(),
    close: () => inner.close(),
    get: (key) => read(() => inner.get(key)),
    getMany: (keys) => read(() => inner.getMany(keys)),
    list: (selection) => read(() => inner.list(selection)),
    async commit(commit): Promise<CommitResult> {
      if (held?.chosen(commit)) {
        heldCount += 1;
        await held.opened;
        heldCount -= 1;
      }
      const error = store.refuse?.(commit);
      if (error) throw error;
      commits.push(commit);
      return inner.commit(commit);
    },
    hold(chosen = () => true) {
      const { promise: opened, resolve: open } = deferred();
      held = { chosen, opened, open };
    },
    get heldCount() {
      return heldCount;
    },
    release() {
      held?.open();
      held = undefined;
    },
  };
  return store;
}
