/**
 * The one door for time and randomness, so that tests own both. The system clock looks the globals up at each call:
 * fake timers installed later still govern it.
 */

/** Time and randomness as the daemon sees them. */
export interface Clock {
  /** Epoch milliseconds, as the machine has them: they jump, back as well, when its time is set. */
  now(): number;
  /** Whole milliseconds since some beginning, of a clock that only goes forward: what lasts is measured by it. */
  ticks(): number;
  /** Calls `run` once after `delayMs` (for ever is allowed); the function returned clears it. `background` timers do not keep the process alive. */
  startTimer(run: () => void, delayMs: number, options?: { readonly background?: boolean }): () => void;
  /** A number in [0, 1). */
  random(): number;
}

/** The longest delay `setTimeout` takes without wrapping to 1 ms. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  ticks: () => Math.floor(performance.now()),
  random: () => Math.random(),
  startTimer(run, delayMs, options) {
    const background = options?.background ?? false;
    if (delayMs > longestTimerMs) return startLongTimer(run, delayMs, background);
    const timer = setTimeout(run, Math.max(0, delayMs));
    if (background) timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A delay longer than a timer takes goes by in stretches. */
function startLongTimer(run: () => void, delayMs: number, background: boolean): () => void {
  let leftMs = delayMs;
  let timer: NodeJS.Timeout;
  function arm(): void {
    const stretchMs = Math.min(leftMs, longestTimerMs);
    leftMs -= stretchMs;
    timer = setTimeout(leftMs > 0 ? arm : run, stretchMs);
    if (background) timer.unref();
  }
  arm();
  return () => clearTimeout(timer);
}

/** Waits; an abort ends the wait at once by rejecting with the signal's reason. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const onAbort = () => {
      stop();
      reject(signal?.reason as Error);
    };
    const stop = clock.startTimer(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
