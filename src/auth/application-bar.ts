/**
 * What all accounts of one application know together: that Entra refuses the application itself.
 *
 * Invariants: one alarm, however many accounts meet it, until none is refused any more; an account that was refused asks
 * again no sooner than a minute later; once two were refused and none accepted since, one account a minute asks for all.
 * One account's refusal alone holds up no other. It must not know tokens, nor how anybody asks.
 */
import type { Clock } from "../base/clock.js";
import type { MailError } from "../base/errors.js";

export interface ApplicationBar {
  /** Why the account must not ask now; empty when it may. Who may ask while all are barred asks for all. */
  refusal(account: string): MailError | undefined;
  /** The application was refused when this account asked. */
  refused(account: string, error: MailError): void;
  /** The application was accepted when this account asked. */
  accepted(account: string): void;
  /** The account asks no more. */
  forget(account: string): void;
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

  function cleared(account: string): void {
    if (prober === account) prober = undefined;
    if (refusals.delete(account) && refusals.size === 0) onAccepted();
  }

  return {
    refusal(account) {
      const now = clock.now();
      const own = refusals.get(account);
      if (own && now < own.untilAt) return own.error;
      if (sinceAccepted.size < 2 || prober === account) return undefined;
      if (now < nextProbeAt) return newest;
      prober = account;
      nextProbeAt = now + pauseMs;
      return undefined;
    },

    refused(account, error) {
      const first = refusals.size === 0;
      newest = error;
      refusals.set(account, { error, untilAt: clock.now() + pauseMs });
      sinceAccepted.add(account);
      nextProbeAt = clock.now() + pauseMs;
      if (prober === account) prober = undefined;
      if (first) onRefused(account, error);
    },

    accepted(account) {
      sinceAccepted.clear();
      prober = undefined;
      cleared(account);
    },

    forget(account) {
      sinceAccepted.delete(account);
      cleared(account);
    },
  };
}
