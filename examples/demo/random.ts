/** Seeded chance, so that one seed plays the same mail again. */

/** A stream of choices. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  pick<T>(choices: readonly [T, ...T[]]): T;
}

/** Makes a stream from a 32-bit seed (mulberry32: good enough for choices that need no secrecy). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  return { next, pick: (choices) => choices[Math.floor(next() * choices.length)] ?? choices[0] };
}
