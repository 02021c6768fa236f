/**
 * Counted opening: closed → open → closed, driven by how many have it open.
 *
 * - closed: nobody holds it. The first `open` begins opening; when that fails it stays closed and the error is the caller's.
 * - open: one or more hold it; further `open`s and `close`s only count.
 * - The last `close` ends it: from its first moment on the store counts as closed, and the next `open` waits for its end.
 */
import { MailError } from "../base/errors.js";

export interface Lifetime {
  open(): Promise<void>;
  /** A `close` without an `open` does nothing. */
  close(): Promise<void>;
  /** @throws MailError `STORE_NOT_OPEN` */
  assertOpen(): void;
}

export interface LifetimeOptions {
  /** What is opened, for messages. */
  readonly name: string;
  readonly open: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export function createLifetime(options: LifetimeOptions): Lifetime {
  /** How many hold it open; 0 when closed. */
  let holders = 0;
  /** The newest opening or closing; each waits for the one before. */
  let turn: Promise<void> = Promise.resolve();

  function inTurn(step: () => Promise<void>): Promise<void> {
    const done = turn.then(step);
    turn = done.catch(() => undefined); // The caller of that step has the error; the next step begins all the same.
    return done;
  }

  return {
    open: () =>
      inTurn(async () => {
        if (holders === 0) await options.open();
        holders += 1;
      }),
    close: () =>
      inTurn(async () => {
        if (holders === 0) return;
        holders -= 1;
        if (holders === 0) await options.close();
      }),
    assertOpen() {
      if (holders > 0) return;
      throw new MailError("STORE_NOT_OPEN", `The store ${options.name} is not open: call open() first, and use it before close().`);
    },
  };
}
