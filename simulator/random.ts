/**
 * Seeded chance: every random choice of the simulator comes from here, so that one seed replays one run.
 * Invariant: streams made by `fork` do not disturb each other. Knows nothing of mail.
 */

/** A stream of seeded random choices. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number between both bounds, bounds included. */
  integer(low: number, high: number): number;
  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** Shuffles in place and returns the same array. */
  shuffle<T>(items: T[]): T[];
  bytes(count: number): Buffer;
  guid(): string;
  /** An independent stream, the same for the same seed and name. */
  fork(name: string): Random;
}

/** Makes a stream from a 32-bit seed. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;

  // mulberry32: small, fast, and good enough for choices that need no secrecy.
  function word(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
  const next = () => word() / 4_294_967_296;
  const integer = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));

  function bytes(count: number): Buffer {
    const filled = Buffer.allocUnsafe(count);
    for (let at = 0; at < count; at++) filled[at] = word() & 0xff;
    return filled;
  }

  return {
    next,
    integer,
    bytes,
    chance: (probability) => next() < probability,
    pick: (choices) => choices[integer(0, choices.length - 1)] as never,
    shuffle(items) {
      for (let at = items.length - 1; at > 0; at--) {
        const other = integer(0, at);
        [items[at], items[other]] = [items[other] as never, items[at] as never];
      }
      return items;
    },
    guid() {
      const hex = bytes(16).toString("hex");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
    fork: (name) => createRandom(mix(seed, name)),
  };
}

function mix(seed: number, name: string): number {
  let hash = seed ^ 0x811c9dc5;
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}
