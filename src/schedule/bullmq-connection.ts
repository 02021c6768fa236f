/**
 * One connection to Redis that comes back by itself, and why nothing goes through it now.
 *
 * Invariants: no error of it goes unheard; neither messages nor causes repeat a password, which the errors of `ioredis` carry.
 */
import type { Clock } from "../base/clock.js";
import { ConfigError, MailError } from "../base/errors.js";
import { inTime } from "../base/in-time.js";
import type { BullmqPackages, RedisClient } from "./bullmq-library.js";
import type { RenewalTrouble } from "./held-turns.js";

/**
 * Where Redis is: a URL; options as `new Redis(options)` takes them (`host`, `port`, `username`, `password`, `db`, `tls`, `sentinels` and the
 * others); or a client of `ioredis`, of which a copy is made.
 */
export type RedisPlace = string | Readonly<Record<string, unknown>> | RedisClientLike;

/** A client of `ioredis`; it is not used itself, only its options. */
export interface RedisClientLike {
  readonly options: object;
  duplicate(options?: object): unknown;
}

export interface BullmqConnection {
  readonly client: RedisClient;
  /** As shown to people: without name and password. */
  readonly name: string;
  readonly trouble: MailError | undefined;
  readonly failed: (cause: unknown) => void;
  /** What is asked for regularly went through, or did not. */
  readonly heard: (trouble: RenewalTrouble | undefined) => void;
  /** Tries no more to come back; whether it stands at the end of that. `copy` is one of the client, for which the same holds. */
  end(copy: RedisClient | undefined): Promise<boolean>;
  /** Leaves; what still waits for an answer is refused. */
  close(): Promise<void>;
}

/** How long something may wait for the first connection. */
const openMs = 10_000;
/** A failure that came while connected counts for as long without another. */
const failureMs = 10_000;
const longestPauseMs = 1_000;

export function isClient(place: RedisPlace): place is RedisClientLike {
  return typeof Object(place).duplicate === "function";
}

/** Connects. `onReady` is called whenever a connection stands. @throws MailError `STORE_UNAVAILABLE` */
export async function openConnection(
  { ioredis }: BullmqPackages,
  place: RedisPlace,
  { clock, onReady }: { readonly clock: Clock; onReady(): void },
): Promise<BullmqConnection> {
  let ending = false;
  /** Why nothing goes through; empty while all is well. */
  let trouble: MailError | undefined;
  /** When something failed the last time, in ticks. */
  let failedAt = 0;
  const options = {
    maxRetriesPerRequest: null,
    enableReadyCheck: true,
    enableOfflineQueue: true,
    lazyConnect: false,
    // ioredis waits so long for a connection to end that may be gone already, milliseconds; its timer would outlive a stop.
    disconnectTimeout: 1,
    retryStrategy: (times: number) => (ending ? null : Math.min(times * 100, longestPauseMs)),
    // A primary that became a replica.
    reconnectOnError: (error: Error) => (error.message.startsWith("READONLY") ? 2 : false),
  };
  const client = isClient(place)
    ? (place.duplicate(options) as RedisClient)
    : typeof place === "string"
      ? new ioredis.Redis(place, options)
      : new ioredis.Redis({ ...place, ...options });
  const name = nameOf(client);

  function failed(cause: unknown): void {
    if (ending) return;
    failedAt = clock.ticks();
    trouble = unavailable(name, cause);
  }

  client.on("error", failed);
  client.on("close", () => {
    if (trouble === undefined) failed(new Error("The connection was closed."));
  });
  client.on("ready", () => {
    trouble = undefined;
    onReady();
  });

  const link: BullmqConnection = {
    client,
    name,
    get trouble() {
      return trouble;
    },
    failed,
    heard(told) {
      if (told === undefined) {
        if (client.status === "ready" && clock.ticks() - failedAt >= failureMs) trouble = undefined;
      } else if ("cause" in told) failed(told.cause);
      else {
        failed(new Error(`no answer for ${told.silentMs} ms`));
        // Nobody else notices a connection that was cut without a word.
        client.disconnect(true);
      }
    },
    async end(copy) {
      ending = true;
      await Promise.all([client, copy].map((one) => one && settled(clock, one, ["ready", "end"], 2 * longestPauseMs)));
      return client.status === "ready";
    },
    async close() {
      // A pause before another try ends by itself; `disconnect` would leave what waits waiting.
      await link.end(undefined);
      if (client.status === "end") return;
      client.disconnect();
      await settled(clock, client, ["end"], 2 * longestPauseMs);
    },
  };
  if (!(await settled(clock, client, ["ready"], openMs))) {
    const error = trouble ?? unavailable(name, new Error(`no connection within ${openMs} ms`));
    await link.close();
    throw error;
  }
  return link;
}

/** Whether the client came to be in one of the states within that time. */
async function settled(clock: Clock, client: RedisClient, states: readonly ("ready" | "end")[], mostMs: number): Promise<boolean> {
  if (states.some((state) => state === client.status)) return true;
  return await new Promise((resolve) => {
    const finish = (is: boolean) => {
      stopTimer();
      for (const state of states) client.off(state, heard);
      resolve(is);
    };
    const heard = () => finish(true);
    const stopTimer = clock.startTimer(() => finish(false), mostMs);
    for (const state of states) client.on(state, heard);
  });
}

/** Waits for it to end in whichever way, but not for longer than that. */
export async function within(clock: Clock, mostMs: number, awaited: Promise<unknown>): Promise<void> {
  await inTime(clock, mostMs, awaited).catch(() => undefined); // Whoever began it has its failure.
}

function nameOf(client: RedisClient): string {
  const { host, port, path, sentinels, name } = client.options as Record<string, unknown>;
  if (Array.isArray(sentinels) && sentinels.length > 0) return `Redis ${String(name)} (by Sentinel)`;
  return typeof path === "string" ? `Redis at ${path}` : `Redis at ${String(host)}:${String(port)}`;
}

/** @returns MailError `STORE_UNAVAILABLE`, or the ConfigError that it was */
export function unavailable(name: string, error: unknown): MailError {
  if (error instanceof ConfigError) return error;
  if (error instanceof MailError && error.code === "STORE_UNAVAILABLE") return error;
  const { message = "", code } = Object(error) as { message?: string; code?: unknown };
  const networkCode = typeof code === "string" ? code : undefined;
  const said = message === "" ? (networkCode ?? "no reason given") : message;
  return new MailError("STORE_UNAVAILABLE", `${name} cannot be used: ${said.replace(/\.$/, "")}.`, {
    // Not the error itself: its command has the password, where it was refused.
    cause: new Error(said),
    remedy:
      "Look whether Redis runs, can be reached from here and takes more connections (`maxclients`), and whether name and password are right. Turns come again by themselves.",
    who: "administrator",
    ...(networkCode === undefined ? {} : { networkCode }),
  });
}
