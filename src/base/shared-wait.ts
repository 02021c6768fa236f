/** Waiting for work that goes on without us: an abort ends the wait, never the work. */

/** The work's outcome, or a rejection with the signal's reason, whichever is first. */
export function sharedWait<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    // Heard to its end in any case: nobody else may be there for its failure.
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
