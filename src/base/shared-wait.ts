/**
 * Waiting for work that goes on without us: an abort ends the wait, never the work.
 *
 * A signal has one listener of ours however many wait: each more would make every later one dearer to add and to remove.
 */

/** By signal, what ends the waits under way; a signal without any has no listener of ours. */
const waits = new WeakMap<AbortSignal, Waits>();

interface Waits {
  readonly ends: Set<(reason: unknown) => void>;
  readonly onAbort: () => void;
}

/** The work's outcome, or a rejection with the signal's reason, whichever is first. */
export function sharedWait<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    // Heard to its end in any case: nobody else may be there for its failure.
    if (signal.aborted) {
      work.catch(() => undefined);
      reject(signal.reason as Error);
      return;
    }
    begin(signal, reject);
    work.then(
      (result) => {
        end(signal, reject);
        resolve(result);
      },
      (error: unknown) => {
        end(signal, reject);
        reject(error as Error);
      },
    );
  });
}

/**
 * Calls back with the reason when the signal, which has not aborted yet, aborts; the function returned ends that. Like the
 * waits, all of a signal share one listener: Node takes more than ten for a leak.
 */
export function onAbort(signal: AbortSignal, run: (reason: unknown) => void): () => void {
  begin(signal, run);
  return () => end(signal, run);
}

function begin(signal: AbortSignal, reject: (reason: unknown) => void): void {
  let those = waits.get(signal);
  if (!those) {
    const ends = new Set<(reason: unknown) => void>();
    const onAbort = () => {
      waits.delete(signal);
      for (const one of ends) one(signal.reason);
    };
    those = { ends, onAbort };
    waits.set(signal, those);
    signal.addEventListener("abort", onAbort, { once: true });
  }
  those.ends.add(reject);
}

function end(signal: AbortSignal, reject: (reason: unknown) => void): void {
  const those = waits.get(signal);
  if (!those?.ends.delete(reject) || those.ends.size > 0) return;
  waits.delete(signal);
  signal.removeEventListener("abort", those.onAbort);
}
