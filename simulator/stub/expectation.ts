/**
 * What a test expects to be asked, and how it is to go wrong, counted in the simulator's log.
 * Invariant: only requests that begin after the expectation count, each part of a batch for itself. Knows no nock.
 */
import type { Simulator } from "../simulator.js";
import type { Fault } from "../traffic/fault.js";
import type { RouteName } from "../traffic/route-name.js";

/** A route of the simulator's, or "mark": whatever changes a message (`patch`, `move`, `delete`, `permanentDelete`). */
export type ExpectedRoute = RouteName | "mark";

/** What is expected. */
export interface Expectation {
  /** What is asked; one of several will do. A part of a batch goes by its own route. */
  route: ExpectedRoute | readonly ExpectedRoute[];
  /** The address of the mailbox that is meant, or of the user who signs in. Default: any. */
  mailbox?: string;
  /**
   * How many requests: exactly so many, 0 means none at all; with `fail` at least so many, as what fails is asked for again.
   * Default: one or more.
   */
  times?: number;
  /** How the first `times` of them (default 1) go wrong: a fault of the simulator's. Default: they do not. */
  fail?: Omit<Fault, "name" | "route" | "mailbox" | "count" | "after" | "probability">;
}

/** An expectation under way. */
export interface Expected {
  /** How many such requests have come. */
  readonly count: number;
  /** Whether as many have come as are expected: what a test may wait for. */
  readonly isMet: boolean;
}

/** As the stub keeps it. */
export interface KeptExpectation extends Expected {
  /** What is not as expected, in a sentence; undefined when nothing is. */
  complaint(): string | undefined;
  /** Takes its failures back. */
  end(): void;
}

const marks: readonly RouteName[] = ["patch", "move", "delete", "permanentDelete"];
const lastNumber = ({ log }: Simulator) => log.entries().at(-1)?.number ?? 0;

/** Throws a `TypeError` when `times` is no whole number, or 0 beside `fail`. */
export function keepExpectation(simulator: Simulator, expectation: Expectation): KeptExpectation {
  const { route, mailbox, times, fail } = expectation;
  if (times !== undefined && (!Number.isInteger(times) || times < (fail ? 1 : 0)))
    throw new TypeError(`Expected \`times\` to be a whole number, ${fail ? "1" : "0"} or more, got ${times}.`);
  const names = [route].flat();
  const routes = names.flatMap((name) => (name === "mark" ? marks : name));
  const since = lastNumber(simulator);
  const filter = mailbox === undefined ? {} : { mailbox };
  const undo =
    fail && simulator.faults.add({ ...fail, ...filter, name: `expected of ${names.join(" or ")}`, route: routes, count: times ?? 1 });

  const count = () => simulator.log.entries(filter).filter((entry) => entry.number > since && routes.includes(entry.route)).length;
  const what = `${names.join(" or ")}${mailbox === undefined ? "" : ` for ${mailbox}`}`;
  return {
    get count() {
      return count();
    },
    get isMet() {
      return count() >= (times ?? 1);
    },
    complaint() {
      const came = count();
      const isExact = times !== undefined && !fail;
      if (isExact ? came === times : came >= (times ?? 1)) return undefined;
      return `expected ${what} ${isExact ? "" : "at least "}${timesText(times ?? 1)}, asked ${timesText(came)}`;
    },
    end: () => undo?.(),
  };
}

const timesText = (count: number) => (count === 1 ? "once" : `${count} times`);
