/**
 * Places that are held for as long as the work goes on, or longer: until what came of the work has ended too.
 *
 * Invariant: whatever the work ends with, the place is given back once.
 */

/** From the result of the work, when its place is given back; nothing: at once. It must not reject. */
export type HeldUntil<T> = (result: T) => Promise<void> | undefined;

/** Leaves when the work has ended, or when what came of it has. */
export async function leavingAfter<T>(leave: () => void, heldUntil: HeldUntil<T> | undefined, work: () => Promise<T>): Promise<T> {
  let held: Promise<void> | undefined;
  try {
    const result = await work();
    held = heldUntil?.(result);
    return result;
  } finally {
    if (held) void held.then(leave);
    else leave();
  }
}
