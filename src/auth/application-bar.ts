/**
 * What all accounts of one application know together: that Entra refuses the application itself.
 *
 * Invariants: one alarm, however many accounts meet it, until none is refused any more; an account that was refused asks
 * again no sooner than a minute later; once two were refused and none accepted since, one account a minute asks for all.
 * One account's refusal alone holds up no other. It must not know tokens, nor how anybody asks.
 */
import type { Clock } from "../base/clock.js";
import type { MailError } from "../base/errors.js";
import { longestPauseMs } from "../base/retry-after.js";

export interface ApplicationBar {
  /** Why the account must not ask now; empty when it may. Who may ask while all are barred asks for all. */
  refusal(account: string): MailError | undefined;
  /** The application was refused when this account asked. */
  refused(account: string, error: MailError): void;
  /** The application was accepted when this account asked. */
  accepted(account: string): void;
  /** The account asks no more, or is refused for another reason. `silent`: nobody is told, as when all end. */
  forget(account: string, options?: { readonly silent?: boolean }): void;
}

export interface ApplicationBarOptions {
  readonly clock: Clock;
  readonly onRefused: (account: string, error: MailError) => void;
  readonly onAccepted: () => void;
}

/** Somebody may mend the application without telling us. */
const pauseMs = 60_000;

export function createApplicationBar({ clock, onRefused, onAccepted }: ApplicationBarOptions): ApplicationBar {
  /** Those whose last request was refused so; empty while the application is accepted. */
  const refusals = new Map<string, { readonly error: MailError; readonly untilAt: number }>();
  /** Those refused since anybody was accepted. */
  const sinceAccepted = new Set<string>();
  /** Who asks for all; empty unless all are barred. */
  let prober: string | undefined;
  let nextProbeAt = 0;
  let newest: MailError | undefined;

  function cleared(account: string, silent: boolean): void {
    if (prober === account) prober = undefined;
    if (refusals.delete(account) && refusals.size === 0 && !silent) onAccepted();
  }

  /** No sooner than in a minute, nor before the time that Entra names. */
  function pauseEnd({ notBeforeAt = 0 }: MailError): number {
    return Math.min(Math.max(clock.now() + pauseMs, notBeforeAt), clock.now() + longestPauseMs);
  }

  return {
    refusal(account) {
      const now = clock.now();
      const own = refusals.get(account);
      if (own && now < own.untilAt && own.untilAt <= now + longestPauseMs) return own.error;
      if (sinceAccepted.size < 2 || prober === account) return undefined;
      if (now < nextProbeAt && nextProbeAt <= now + longestPauseMs) return newest;
      prober = account;
      nextProbeAt = now + pauseMs;
      return undefined;
    },

    refused(account, error) {
      const first = refusals.size === 0;
      newest = error;
      const untilAt = pauseEnd(error);
      refusals.set(account, { error, untilAt });
      sinceAccepted.add(account);
      nextProbeAt = untilAt;
      if (prober === account) prober = undefined;
      if (first) onRefused(account, error);
    },

    accepted(account) {
      sinceAccepted.clear();
      prober = undefined;
      cleared(account, false);
    },

    forget(account, { silent = false } = {}) {
      sinceAccepted.delete(account);
      cleared(account, silent);
    },
  };
}
