/**
 * Keeps sign-ins alive that no queue uses (a paused queue asks for no token, and an unused refresh token dies), and
 * says ahead when one will end all the same.
 *
 * Invariants: an account that waits for a person is left alone; one account after another, so that ten thousand do not
 * renew at once; each is told of at most once a day. It must not know how a token is renewed.
 */
import type { Clock } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import type { AccountTokens } from "./account-tokens.js";
import type { SessionEnd } from "./session-end.js";

export interface KeepAlive {
  /** Looks at every account now and from then on once an hour. Called again it does nothing. */
  start(): void;
  /** Ends it; resolves when no look is under way any more. */
  stop(): Promise<void>;
}

interface Account {
  readonly name: string;
  readonly source: Pick<AccountTokens, "get" | "state" | "end">;
}

export interface KeepAliveOptions<Kind extends Account> {
  readonly clock: Clock;
  /** The accounts of the moment. */
  readonly accounts: () => Iterable<Kind>;
  /** The sign-in will end; `hindrance` is why it could not be renewed, where it could not. */
  readonly onEnding: (account: Kind, end: SessionEnd, hindrance: MailError | undefined) => void;
}

const everyMs = 3_600_000;
const dayMs = 24 * everyMs;

export function createKeepAlive<Kind extends Account>({ clock, accounts, onEnding }: KeepAliveOptions<Kind>): KeepAlive {
  const ended = new AbortController();
  /** When each was told of last; accounts that go on without trouble are not in it. */
  const toldAt = new Map<string, number>();
  /** Clears the timer, which does not keep the process alive. Empty before the start. */
  let stopTimer: (() => void) | undefined;
  /** Empty unless a look is under way; one that takes longer than an hour is not overtaken. */
  let looking: Promise<void> | undefined;

  async function look(first: boolean): Promise<void> {
    const names = new Set([...accounts()].map(({ name }) => name));
    for (const name of toldAt.keys()) if (!names.has(name)) toldAt.delete(name);
    for (const account of [...accounts()]) {
      if (ended.signal.aborted) return;
      const { source } = account;
      if (source.state().state === "waiting-for-sign-in") continue;
      // One that no turn has asked for yet (a queue that was paused at once) is read here, and renewed if it is time.
      const refreshedAt = source.end?.refreshedAt ?? (first ? clock.now() : Number.NEGATIVE_INFINITY);
      const hindrance = clock.now() - refreshedAt >= dayMs ? await renewed(source) : undefined;
      if (!ended.signal.aborted) tell(account, hindrance);
    }
  }

  /** Empty when the token was renewed, or serves still; otherwise why not. */
  async function renewed(source: Account["source"]): Promise<MailError | undefined> {
    try {
      await source.get({ signal: ended.signal });
      return undefined;
    } catch (error) {
      // Told by `onEnding` when it matters, and by the source itself when a person must act.
      return asMailError(error, "AUTH_UNAVAILABLE", "The token could not be renewed.");
    }
  }

  function tell(account: Kind, hindrance: MailError | undefined): void {
    const { name, source } = account;
    const { end } = source;
    const now = clock.now();
    if (!end || now < end.warnAt || source.state().state === "waiting-for-sign-in") {
      toldAt.delete(name);
      return;
    }
    if (now - (toldAt.get(name) ?? Number.NEGATIVE_INFINITY) < dayMs) return;
    toldAt.set(name, now);
    onEnding(account, end, hindrance);
  }

  function begin(first: boolean): void {
    stopTimer = clock.startTimer(() => begin(false), everyMs, { background: true });
    looking ??= look(first).finally(() => {
      looking = undefined;
    });
  }

  return {
    start() {
      if (!stopTimer && !ended.signal.aborted) begin(true);
    },
    async stop() {
      ended.abort(new MailError("LIFECYCLE_STOPPED", "The daemon stops."));
      stopTimer?.();
      await looking;
    },
  };
}
