/** Waiting for work that others wait for too: an abort ends one wait, never the work. */

/** The work's outcome, or a rejection with the signal's reason, whichever is first. */
export function sharedWait<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    const done = () => signal.removeEventListener("abort", onAbort);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(
      (value) => {
        done();
        resolve(value);
      },
      (error: unknown) => {
        done();
        reject(error as Error);
      },
    );
  });
}
