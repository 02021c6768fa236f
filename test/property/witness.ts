/**
 * The model: it is told what others do to the mail, which rounds were complete, and what the daemons did, and says what
 * of that breaks a promise. It decides nothing and never looks into a daemon.
 */
import type { Account } from "./account.js";
import { createChronicle } from "./chronicle.js";
import { createHandOvers } from "./hand-overs.js";
import { createPresence } from "./presence.js";

export interface WitnessOptions {
  readonly now: () => number;
  readonly maxInFlight: number;
  /** Watched folders by queue. */
  readonly watched: ReadonlyMap<string, readonly string[]>;
  /** Queues whose first walk delivers everything, so that nothing becomes baseline. */
  readonly everything: readonly string[];
}

export type Witness = ReturnType<typeof createWitness>;

export function createWitness({ now, maxInFlight, watched, everything }: WitnessOptions) {
  const chronicle = createChronicle(now);
  const accounts = new Map<string, Account>();
  return {
    accounts: accounts as ReadonlyMap<string, Account>,
    ...chronicle,
    ...createPresence({ accounts, chronicle, watched, everything }),
    ...createHandOvers({ now, accounts, chronicle, maxInFlight }),
  };
}
