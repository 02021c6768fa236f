/**
 * A store that notices when it fails, for the whole daemon at once.
 *
 * - well: every call passes. One that fails with `STORE_UNAVAILABLE` begins the trouble, which is told.
 * - in trouble: every call still passes (a small commit may find its room on a full disk), and a probe is written again
 *   and again, as large as the largest commit that was refused. The first that is written ends the trouble, which is
 *   told. The timer between probes keeps no process alive; the last `close` clears it, and the trouble with it.
 *
 * It changes no answer and no error.
 */
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { EmitStoreEvent } from "./events.js";
import type { Commit, Key, Store } from "./store.js";

export interface StoreTrouble {
  /** Epoch milliseconds. */
  readonly since: number;
  /** The failure that began it. */
  readonly error: MailError;
}

export interface WatchedStore extends Store {
  /** Empty while the store is well. */
  readonly trouble: StoreTrouble | undefined;
}

const probeKey: Key = ["daemon", "probe"];
const backoff = { baseMs: 1_000, capMs: 10_000 };
/** Bytes of the smallest and of the largest probe. */
const leastProbeBytes = 4_096;
const mostProbeBytes = 1_048_576;

export function watchStore(inner: Store, { clock, emit }: { clock: Clock; emit: EmitStoreEvent }): WatchedStore {
  /** How many have it open. */
  let holders = 0;
  let trouble: StoreTrouble | undefined;
  let probeBytes = leastProbeBytes;
  /** Clears the timer of the next probe; empty while the store is well. */
  let stopTimer: (() => void) | undefined;

  function watched<T>(work: Promise<T>, commit?: Commit): Promise<T> {
    return work.catch((error: unknown) => {
      if (isUnavailable(error)) noted(error, commit);
      throw error;
    });
  }

  function noted(error: MailError, commit: Commit | undefined): void {
    if (holders === 0) return;
    if (commit?.puts) probeBytes = Math.max(probeBytes, Math.min(JSON.stringify(commit.puts).length, mostProbeBytes));
    if (trouble) return;
    trouble = { since: clock.now(), error };
    const { code, message: reason, remedy } = error;
    emit("store:unavailable", { store: inner.name, code, reason, ...(remedy === undefined ? {} : { remedy }), since: trouble.since });
    probeLater(trouble, 1);
  }

  function probeLater(of: StoreTrouble, failures: number): void {
    stopTimer = clock.startTimer(() => void probe(of, failures), backoffMs(clock, failures, backoff), { background: true });
  }

  async function probe(of: StoreTrouble, failures: number): Promise<void> {
    let ended = false;
    try {
      await inner.commit({ puts: [{ key: probeKey, value: "x".repeat(probeBytes) }] });
      await inner.commit({ deletes: [probeKey] });
      ended = true;
    } catch (error) {
      if (!isUnavailable(error)) return; // It was closed.
    }
    if (trouble !== of) return;
    if (ended) recovered(of);
    else probeLater(of, failures + 1);
  }

  function recovered({ since }: StoreTrouble): void {
    rest();
    emit("store:recovered", { store: inner.name, unavailableForMs: clock.now() - since });
  }

  function rest(): void {
    stopTimer?.();
    stopTimer = undefined;
    trouble = undefined;
    probeBytes = leastProbeBytes;
  }

  return {
    name: inner.name,
    async open() {
      await inner.open();
      holders += 1;
    },
    close() {
      if (holders > 0) holders -= 1;
      if (holders === 0) rest();
      return inner.close();
    },
    get: (key) => watched(inner.get(key)),
    getMany: (keys) => watched(inner.getMany(keys)),
    list: (selection) => watched(inner.list(selection)),
    commit: (commit) => watched(inner.commit(commit), commit),
    get trouble() {
      return trouble;
    },
  };
}

/** Whether the store is in trouble that passes: it may be asked again. */
export function isUnavailable(error: unknown): error is MailError {
  return error instanceof MailError && error.code === "STORE_UNAVAILABLE";
}
