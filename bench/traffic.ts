/**
 * What the benchmark asks the simulator for beside mailboxes: mail that arrives by and by, and what its log says of rounds.
 * Invariant: a mail that arrives by and by says in its subject when it came, by this machine's clock.
 */
import type { LogEntry, Simulator } from "m365-mail-daemon/simulator";
import { mail } from "./mail.js";

/** Mail that arrives at chance times. */
export interface Arrivals {
  readonly address: string;
  /** Mean milliseconds between two mails. */
  readonly everyMs: number;
}

const marker = "arrived at ";

/** Epoch milliseconds at which such a mail came. */
export function arrivedAt(subject: string): number {
  return Number(subject.slice(marker.length));
}

export function createTraffic(simulator: Simulator) {
  /** Timers of arrivals to come, by address; empty when no mail arrives by itself. */
  const timers = new Map<string, NodeJS.Timeout>();
  let sent = 0;

  function deliverNow(address: string): void {
    simulator.mailbox(address).deliver({ ...mail(sent), subject: `${marker}${Date.now()}` });
    sent += 1;
  }

  function next({ address, everyMs }: Arrivals): void {
    // Exponential gaps: arrivals know nothing of each other.
    const waitMs = -Math.log(1 - Math.random()) * everyMs;
    timers.set(
      address,
      setTimeout(() => {
        deliverNow(address);
        next({ address, everyMs });
      }, waitMs),
    );
  }

  const ofQueue = (address: string) => simulator.log.entries({ mailbox: address });

  return {
    deliverNow,
    beginArrivals: (all: readonly Arrivals[]) => all.forEach(next),
    /** How many mails came since the last time, `deliverNow` included. */
    endArrivals(): number {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      const all = sent;
      sent = 0;
      return all;
    },
    /** The number of the last request so far. */
    lastRequest: (): number => simulator.log.entries().at(-1)?.number ?? 0,
    /**
     * HTTP requests to Graph for a mailbox after the request of that number, up to the last round that still brought an
     * item; of these, those that came after the last mark.
     */
    economy(address: string, after: number): { requests: number; echoes: number } {
      const entries = ofQueue(address).filter(({ number, route }) => number > after && route !== "token");
      const last = entries.findLastIndex(({ route, ids }) => route === "delta" && (ids?.length ?? 0) > 0);
      const upTo = entries.slice(0, last + 1).filter(({ batch }) => batch === undefined);
      const lastMark = Math.max(...entries.filter(isMark).map(({ number }) => number));
      return { requests: upTo.length, echoes: upTo.filter(({ number }) => number > lastMark).length };
    },
    /** Delta requests in each whole second between the two epoch times. */
    perSecond(from: number, to: number): number[] {
      const buckets = Array.from({ length: Math.floor((to - from) / 1000) }, () => 0);
      for (const { route, startedAt } of simulator.log.entries()) {
        const bucket = Math.floor((startedAt - from) / 1000);
        if (route === "delta" && bucket >= 0 && bucket < buckets.length) buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      }
      return buckets;
    },
  };
}

function isMark({ route }: LogEntry): boolean {
  return route === "patch";
}
