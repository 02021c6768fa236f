/**
 * What a queue knows beyond its ledger and cursors, kept from one turn to the next where its turns go around among
 * processes: when it is due, what it waits for, what it has told already, what its mailbox was asked.
 *
 * It is written at the end of a turn, under the queue's epoch. A turn that ends with its process leaves that of the turn before.
 */
import { z } from "zod";
import { MailError, type MailErrorCode } from "../base/errors.js";
import type { Entry, Key, Value } from "../state/store.js";
import { queueStates } from "./events.js";
import type { NotedLateness } from "./lateness.js";
import type { MissingFolder } from "./missing-folders.js";
import type { PollerMemory } from "./poller-contract.js";
import type { Session, SessionMemory } from "./session.js";

/** Times are epoch milliseconds. */
export interface QueueMemory {
  readonly poller: PollerMemory;
  readonly session: SessionMemory;
  readonly lateness: NotedLateness;
  readonly sweepDueAt: number | undefined;
}

/** What a turn leaves of a queue for all to see. */
export interface TurnNote {
  /** The process whose turn it was. */
  readonly worker: string;
  /** Epoch milliseconds at which it ended. */
  readonly at: number;
  readonly waiting: number;
  readonly delayed: number;
  readonly marksWaiting: number;
  readonly remedy?: string | undefined;
  /** Epoch milliseconds since when its oldest undelivered message is so; absent when there is none. */
  readonly undeliveredSince?: number | undefined;
}

/** Where it lies. */
export function memoryKey(queueKey: string): Key {
  return [queueKey, "turn", "memory"];
}

const time = z.number();
const slices = z.array(z.tuple([time, z.number().nonnegative()]));

const vain = z.object({ tries: z.number(), forMs: z.number(), askedAt: time });

const recordSchema = z.object({
  note: z.object({
    worker: z.string(),
    at: time,
    waiting: z.number(),
    delayed: z.number().default(0),
    marksWaiting: z.number(),
    remedy: z.string().optional(),
    undeliveredSince: time.optional(),
  }),
  poller: z.object({
    state: z.enum(queueStates),
    why: z.string(),
    lastRoundAt: time.optional(),
    roundlessSince: time,
    staleSince: time.optional(),
    cadence: z.object({ gapMs: z.number(), newsAt: time, place: z.number(), failures: z.number() }),
  }),
  lateness: z.object({ graceUntil: time, lateSince: time.optional() }),
  sweepDueAt: time.optional(),
  missing: z.array(z.object({ folder: z.string(), code: z.string(), message: z.string(), failures: z.number(), nextTryAt: time })),
  troubleSince: z.array(z.tuple([z.string(), time])),
  doubts: z
    .array(
      z.object({
        id: z.string(),
        refused: vain.optional(),
        missing: vain.optional(),
        listed: z.number(),
        told: z.string().optional(),
        headers: z.object({ tries: z.number(), counted: z.number() }).optional(),
        askAt: time,
      }),
    )
    .default([]),
  marks: z
    .object({ failures: z.number(), notBeforeAt: time, refused: z.array(z.object({ id: z.string(), count: z.number(), askAt: time })) })
    .optional(),
  gate: z.object({ at: time, spent: slices, uploaded: slices, unnamed: z.number().nonnegative() }).optional(),
  flows: z.array(
    z.object({
      by: z.enum(["sender", "conversation"]),
      key: z.string(),
      marks: z.array(z.object({ at: time, sequence: z.number() })),
      metAt: time,
      storm: z.object({ id: z.string(), since: time, messages: z.number() }).optional(),
    }),
  ),
});

/** The value to be stored. */
export function memoryValue({ poller, session, lateness, sweepDueAt }: QueueMemory, note: TurnNote): Value {
  const { missing, troubleSince, flows, doubts, marks, gate } = session;
  const kept = [...missing].map(([folder, { error, failures, nextTryAt }]) => {
    return { folder, code: error.code, message: error.message, failures, nextTryAt };
  });
  const record: z.infer<typeof recordSchema> = {
    note,
    poller,
    lateness,
    sweepDueAt,
    missing: kept,
    troubleSince: [...troubleSince],
    doubts: doubts as z.infer<typeof recordSchema>["doubts"],
    marks: marks as z.infer<typeof recordSchema>["marks"],
    gate: gate as z.infer<typeof recordSchema>["gate"],
    flows: flows as z.infer<typeof recordSchema>["flows"],
  };
  return record as unknown as Value;
}

/** What was read, or why it cannot be: a queue goes on without it. */
export interface MemoryReading {
  readonly memory?: QueueMemory;
  readonly note?: TurnNote;
  readonly error?: MailError;
}

export function readMemory({ value }: Pick<Entry, "value">, queue: string): MemoryReading {
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success) {
    const message = `What ${queue} keeps from turn to turn cannot be read, and it goes on without: it was not written by this version of the package.`;
    return { error: new MailError("STORE_RECORD_INVALID", message, { queue }) };
  }
  const { note, poller, lateness, sweepDueAt, missing, troubleSince, flows, doubts, marks, gate } = parsed.data;
  const folders = missing.map(({ folder, code, message, failures, nextTryAt }): [string, MissingFolder] => {
    return [folder, { error: new MailError(code as MailErrorCode, message, { queue }), failures, nextTryAt }];
  });
  const session = { missing: new Map(folders), troubleSince: new Map(troubleSince), flows, doubts, marks, gate };
  return { memory: { poller, session, lateness, sweepDueAt }, note };
}

/** What a session leaves to the next. */
export function sessionMemory({ missing, troubleSince, storms, doubts, outbox }: Session): SessionMemory {
  return { missing: missing.all, troubleSince, flows: storms.flows, doubts, marks: outbox.kept };
}
