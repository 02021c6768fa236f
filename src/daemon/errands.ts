/**
 * What one process asks of a queue whose turn may be another's: left in the store, done by whoever has the turn, answered
 * in the store.
 *
 * Invariants: an errand is done under the queue's epoch, and its answer is written in the commit that takes it away; a turn that
 * is lost on the way leaves it for the next (so a replay may then be made twice). What nobody waits for any more is forgotten.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { backoffMs } from "../base/backoff.js";
import { type Clock, sleep } from "../base/clock.js";
import { asMailError, MailError, type MailErrorCode } from "../base/errors.js";
import { unlessAway } from "../delivery/insist.js";
import type { SweepResult } from "../schedule/sweep-verdict.js";
import type { Entry, Key, Store, Value } from "../state/store.js";
import type { DaemonQueue } from "./daemon-queue.js";
import { ownQueue } from "./own-queue.js";
import type { RunningQueue, RunningQueueOptions } from "./running-queue.js";
import { errandPrefix, readTurnNotes } from "./turn-notes.js";

const whatSchema = z.discriminatedUnion("what", [
  z.object({ what: z.literal("poll") }),
  z.object({ what: z.literal("sweep") }),
  z.object({ what: z.literal("replay"), id: z.string() }),
]);

/** What can be asked for. */
export type Errand = z.infer<typeof whatSchema>;

const errandSchema = z.object({ at: z.number(), errand: whatSchema });
const answerSchema = z.object({
  at: z.number(),
  failure: z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() }).optional(),
  swept: z.object({ listed: z.number(), known: z.number(), found: z.number(), gone: z.number() }).optional(),
});

/** Milliseconds between looks for errands, in a turn. */
const lookMs = 1_000;
/** Milliseconds between looks for an answer, at first and at most. */
const answerBackoff = { baseMs: 50, capMs: 1_000 };
/** Milliseconds after which an errand, or an answer, is nobody's any more. */
const forgottenAfterMs = 600_000;

function answerPrefix(queueKey: string): Key {
  return [queueKey, "turn-answer"];
}

export interface AskOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** As configured. */
  readonly queue: string;
  /** Asks for a turn at once. */
  readonly wake: () => void;
  readonly signal: AbortSignal;
}

/** Leaves the errand and waits for its answer. @throws MailError what it failed with where it was done, `STORE_…`; the signal's reason */
export async function ask(errand: Errand, { store, clock, queue, wake, signal }: AskOptions): Promise<SweepResult | undefined> {
  const queueKey = queue.toLowerCase();
  const id = randomUUID();
  const key: Key = [...errandPrefix(queueKey), id];
  await store.commit({ puts: [{ key, value: { at: clock.now(), errand } }] });
  wake();
  const answerKey: Key = [...answerPrefix(queueKey), id];
  const askedAt = clock.ticks();
  for (let looks = 1; ; looks += 1) {
    await sleep(clock, backoffMs(clock, looks, answerBackoff), signal);
    const answer = await store.get(answerKey).catch(unlessAway);
    if (!answer && clock.ticks() - askedAt > forgottenAfterMs) {
      await store.commit({ deletes: [key] });
      throw new MailError("LIFECYCLE_NOT_STARTED", `No process has had a turn of ${queue} for ten minutes, or it had no end.`, { queue });
    }
    if (!answer) continue;
    await store.commit({ deletes: [answerKey] }).catch(unlessAway);
    const { failure, swept } = checked(answerSchema, answer, queue);
    if (failure) throw new MailError(failure.code as MailErrorCode, failure.message, { queue, ...remedyOf(failure) });
    return swept;
  }
}

/** What runs beside a turn. */
export interface ErrandsBeside {
  /** Does what was asked for. */
  run(entries: readonly Entry[]): void;
  /** Looks from time to time for more of them, and whether the queue is paused or resumed. */
  look(): void;
  readonly isBusy: boolean;
  /** What ended one and means the turn's end; empty while all is well. */
  readonly failure: unknown;
}

export function errandsBeside({ store, clock }: Pick<RunningQueueOptions, "store" | "clock">, running: RunningQueue): ErrandsBeside {
  const { ledger, settings } = running.session;
  const queue = ownQueue(running);
  /** By their ids. */
  const underWay = new Set<string>();
  let lookedAt = clock.ticks();
  let busy = 0;
  let failure: unknown;

  async function runOne(entry: Entry): Promise<void> {
    const id = String(entry.key.at(-1));
    if (underWay.has(id)) return;
    underWay.add(id);
    try {
      const answer = await answerTo(entry, { name: settings.address, queue, clock });
      await ledger.write({ puts: [{ key: [...answerPrefix(ledger.queueKey), id], value: answer }], deletes: [entry.key] });
    } finally {
      underWay.delete(id);
    }
  }

  async function forgetOldAnswers(): Promise<void> {
    const old = await store.list({ prefix: answerPrefix(ledger.queueKey), limit: 1_000 });
    const deletes = old
      .filter(({ value }) => clock.now() - (answerSchema.safeParse(value).data?.at ?? 0) > forgottenAfterMs)
      .map(({ key }) => key);
    if (deletes.length > 0) await ledger.write({ deletes });
  }

  /** All at once. @throws MailError `STORE_…`, `LIFECYCLE_LOST_QUEUE` */
  async function runAll(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    await forgetOldAnswers();
    const ends = await Promise.allSettled(entries.map(runOne));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  async function lookAround(): Promise<void> {
    const { errands, isPaused } = await readTurnNotes(store, settings.address);
    if (isPaused) running.pause();
    else if (running.poller.isPaused) running.resume();
    await runAll(errands);
  }

  function begin(work: Promise<void>): void {
    busy += 1;
    work
      .catch(unlessAway)
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => {
        busy -= 1;
      });
  }

  return {
    run: (entries) => begin(runAll(entries)),
    look() {
      if (clock.ticks() - lookedAt < lookMs) return;
      lookedAt = clock.ticks();
      begin(lookAround());
    },
    get isBusy() {
      return busy > 0;
    },
    get failure() {
      return failure;
    },
  };
}

interface Answering {
  /** As configured. */
  readonly name: string;
  readonly queue: Pick<DaemonQueue, "pollNow" | "sweep" | "replay">;
  readonly clock: Clock;
}

/** @throws what means that it is to be done in another turn */
async function answerTo(entry: Entry, { name, queue, clock }: Answering): Promise<Value> {
  try {
    const { at, errand } = checked(errandSchema, entry, name);
    if (clock.now() - at > forgottenAfterMs)
      throw new MailError("LIFECYCLE_NOT_STARTED", `No turn of ${name} came in time.`, { queue: name });
    if (errand.what === "sweep") return { at: clock.now(), swept: { ...(await queue.sweep()) } };
    await (errand.what === "poll" ? queue.pollNow() : queue.replay(errand.id));
    return { at: clock.now() };
  } catch (error) {
    const ours = asMailError(error, "STORE_UNAVAILABLE", "It could not be done.");
    if (ours.code === "LIFECYCLE_LOST_QUEUE" || ours.code === "LIFECYCLE_STOPPED") throw ours;
    return { at: clock.now(), failure: { code: ours.code, message: ours.message, ...remedyOf(ours) } };
  }
}

function remedyOf({ remedy }: { readonly remedy?: string | undefined }): { readonly remedy?: string } {
  return remedy === undefined ? {} : { remedy };
}

function checked<T>(schema: z.ZodType<T>, { value }: Entry, queue: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const message = `What was asked of ${queue} by another process cannot be read: it was not written by this package.`;
  throw new MailError("STORE_RECORD_INVALID", message, { queue });
}
