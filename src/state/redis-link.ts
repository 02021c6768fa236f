/**
 * The way to a Redis server: one connection, and commands that end in time.
 *
 * - open: the library keeps the connection and makes it anew by itself. A command that was cut off is sent again, until
 *   its time is over: whoever sends must be able to bear that.
 * - away: there is no connection. Commands wait for it until it was away for `timeoutMs`, and from then on fail at once,
 *   until it is back. A server that does not answer in time counts as away: the connection is given up for a new one.
 *
 * It knows no scripts and no keys.
 */
import { backoffMs } from "../base/backoff.js";
import { type Clock, sleep } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { inTime } from "../base/in-time.js";
import type { RedisConnection, RedisConnectionOptions } from "../base/redis-library.js";
import { isAnswer, isElsewhere, isRefusedSignIn, refusedSignIn, unavailable, unreachable } from "./redis-failure.js";

export interface RedisLink {
  /** @throws MailError `STORE_UNAVAILABLE`, `STORE_NOT_WRITABLE`; nothing is held open then. */
  open(): Promise<void>;
  close(): Promise<void>;
  /**
   * Sends, and again after a cut. `onDoubt` is called when it fails and may have been carried out all the same, or may yet be.
   * @throws MailError `STORE_UNAVAILABLE`
   */
  run<T>(send: (connection: RedisConnection) => Promise<T>, onDoubt?: () => void): Promise<T>;
}

export interface RedisLinkOptions {
  /** For messages. */
  readonly name: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly connect: (options: RedisConnectionOptions) => RedisConnection;
}

const reconnecting = { baseMs: 50, capMs: 1_000 };
const afterCut = { baseMs: 10, capMs: 100 };
/** Milliseconds for the other side to see a connection's end. */
const farewellMs = 250;

export function createRedisLink({ name, clock, timeoutMs, connect }: RedisLinkOptions): RedisLink {
  /** Empty while closed. */
  let held: RedisConnection | undefined;
  /** Since when there is no answer, in ticks; empty while there is. */
  let awaySince: number | undefined;
  /** What the connection last failed with; empty while it is well. */
  let failure: Error | undefined;
  /** The connection is being given up: who else waits for an answer in vain need not do it again. Empty once it has closed. */
  let isGivenUp = false;
  /** Until the connection stood once. */
  let opening = false;
  /** Those that wait for the connection; empty when it is there. */
  const waiting = new Set<() => void>();

  function changed(): void {
    for (const look of [...waiting]) look();
  }

  function away(): void {
    awaySince ??= clock.ticks();
    changed();
  }

  function begin(): RedisConnection {
    const connection = connect({
      lazyConnect: true,
      // A command that waits in the library would be sent when nobody waits for it any more.
      enableOfflineQueue: false,
      // With another number, or with resending switched off, a command that was cut off would never end.
      maxRetriesPerRequest: 0,
      connectTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      disconnectTimeout: farewellMs,
      retryStrategy: (failures) => backoffMs(clock, failures, reconnecting),
    });
    connection.on("error", (error) => {
      failure = error;
      changed();
    });
    connection.on("close", () => {
      isGivenUp = false;
      away();
    });
    connection.on("ready", () => {
      isGivenUp = false;
      awaySince = undefined;
      failure = undefined;
      changed();
    });
    return connection;
  }

  /** The connection once it can be used. */
  function ready(untilTicks: number): Promise<RedisConnection> {
    return new Promise((resolve, reject) => {
      const until = Math.min(untilTicks, (awaySince ?? clock.ticks()) + timeoutMs);
      const stop = clock.startTimer(() => end(() => reject(unreachable(name, timeoutMs, failure))), until - clock.ticks());
      function end(settle: () => void): void {
        stop();
        waiting.delete(look);
        settle();
      }
      function look(): void {
        const connection = held;
        if (!connection) end(() => reject(notOpen()));
        else if (connection.status === "ready") end(() => resolve(connection));
        else if (opening && isRefusedSignIn(failure)) end(() => reject(refusedSignIn(name, failure)));
        else if (clock.ticks() >= until) end(() => reject(unreachable(name, timeoutMs, failure)));
      }
      waiting.add(look);
      look();
    });
  }

  const notOpen = () => new MailError("STORE_NOT_OPEN", `The store ${name} is not open.`);

  function giveUp(connection: RedisConnection): void {
    if (isGivenUp) return;
    isGivenUp = true;
    connection.disconnect(true);
  }

  async function run<T>(send: (connection: RedisConnection) => Promise<T>, onDoubt?: () => void): Promise<T> {
    const until = clock.ticks() + timeoutMs;
    for (let cuts = 0; ; ) {
      let connection: RedisConnection | undefined;
      try {
        connection = await ready(until);
        const answer = await inTime(clock, until - clock.ticks(), send(connection));
        if (answer) return answer.value;
      } catch (error) {
        const answered = isAnswer(error);
        if (connection && !answered && !(error instanceof MailError)) {
          cuts += 1;
          await sleep(clock, backoffMs(clock, cuts, afterCut));
          continue;
        }
        if (cuts > 0) onDoubt?.();
        if (connection && answered && isElsewhere(error)) giveUp(connection);
        throw answered ? unavailable(name, error) : error;
      }
      onDoubt?.();
      away();
      giveUp(connection);
      throw unreachable(name, timeoutMs, undefined);
    }
  }

  async function close(): Promise<void> {
    const connection = held;
    held = undefined;
    changed();
    if (!connection) return;
    await ended(connection);
    awaySince = undefined;
    failure = undefined;
  }

  /** Resolves once nothing of it is open. */
  function ended(connection: RedisConnection): Promise<void> {
    return new Promise((resolve) => {
      // A connection that waits to be made anew ends without a word.
      const stop = clock.startTimer(end, 2 * farewellMs);
      function end(): void {
        stop();
        connection.off("end", end);
        resolve();
      }
      connection.on("end", end);
      connection.disconnect();
    });
  }

  return {
    run,
    close,
    async open() {
      held = begin();
      opening = true;
      awaySince = clock.ticks();
      // Its failure is told by the event, and the connection is tried again.
      held.connect().catch(() => undefined);
      try {
        await ready(clock.ticks() + timeoutMs);
        opening = false;
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}
