/**
 * The time that Entra named before which an account must not ask it again, kept over restarts.
 *
 * Invariants: a time is never shortened; it holds in memory at once, and a store that does not take it is told of by
 * the call that was refused. It must not know why Entra wants a pause.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { Key, Store } from "../state/store.js";
import { accountKey } from "./sealed-store.js";

export interface EntraPause {
  /** The error that named the time, while it has not come. */
  current(): Promise<MailError | undefined>;
  /** Takes the time out of an error, where it names one for all of the account's requests. */
  remember(error: unknown): Promise<void>;
}

export function createEntraPause({
  account,
  store,
  clock,
}: {
  readonly account: string;
  readonly store: Store;
  readonly clock: Clock;
}): EntraPause {
  const key: Key = ["entra-pause", accountKey(account)];
  /** Empty until Entra names a time. */
  let pause: { readonly error: MailError; readonly untilAt: number } | undefined;
  /** True once what an earlier process left was read. */
  let read = false;

  async function readOnce(): Promise<void> {
    if (read) return;
    const untilAt = untilOf((await store.get(key))?.value);
    read = true;
    if (untilAt <= Math.max(clock.now(), pause?.untilAt ?? 0)) return;
    const message = `Entra wants no request for ${account} before ${new Date(untilAt).toISOString()}.`;
    pause = { error: new MailError("AUTH_UNAVAILABLE", message, { notBeforeAt: untilAt }), untilAt };
  }

  return {
    async current() {
      await readOnce();
      return pause && clock.now() < pause.untilAt ? pause.error : undefined;
    },

    async remember(error) {
      // Graph's times, and those that one refusal has, do not bar Entra.
      if (!(error instanceof MailError) || error.code !== "AUTH_UNAVAILABLE" || error.notBeforeAt === undefined) return;
      const untilAt = error.notBeforeAt;
      if (untilAt <= Math.max(clock.now(), pause?.untilAt ?? 0)) return;
      pause = { error, untilAt };
      await store.commit({ puts: [{ key, value: { untilAt } }] });
    },
  };
}

function untilOf(value: unknown): number {
  const { untilAt } = (value ?? {}) as { readonly untilAt?: unknown };
  return typeof untilAt === "number" ? untilAt : 0;
}
