/**
 * The messages of one queue that rest, seen from outside: which of them in quarantine, what became of each, and one
 * delivered again on demand.
 *
 * Invariant: a replay is durable before its message is handed on, and its old mark's end cannot make it final again.
 */
import { MailError } from "../base/errors.js";
import { pagesUnder } from "../state/pages.js";
import type { Store } from "../state/store.js";
import type { Dispatcher } from "./dispatcher.js";
import type { EmitDeliveryEvent } from "./events.js";
import type { Ledger } from "./ledger.js";
import type { Known } from "./ledger-record.js";
import type { Outbox } from "./outbox.js";
import { type FailedAttempt, failuresOf, type MessageStory, storyOf } from "./story.js";

/** A message that rests after its last attempt, a rejection, or too many crashes. */
export interface QuarantinedMessage {
  /** The immutable id. */
  readonly id: string;
  /** The idempotency key of its deliveries. */
  readonly key: string;
  /** The watched folder in which it was found. */
  readonly folder: string;
  readonly receivedAt: Date;
  readonly quarantinedAt: Date;
  readonly attempts: number;
  /** Attempts that ended with the end of the process. */
  readonly crashes: number;
  /** Why it rests: what the last attempt failed with, the reason given to `reject`, or how often it ended the process. */
  readonly reason: string;
  /** The newest failures, at most five, oldest first. */
  readonly failures: readonly FailedAttempt[];
  /** The queue's `onQuarantine` on the server. */
  readonly mark: "none" | "waiting" | "made" | { readonly failed: string };
}

export interface QuarantineReadingOptions {
  readonly store: Store;
  /** Taken over or only read. */
  readonly ledger: Pick<Ledger, "queueKey" | "look">;
  /** What the host is told for the folder that an entry names. */
  readonly folderName: (folder: string) => string;
}

export interface QuarantineOptions extends QuarantineReadingOptions {
  /** The queue address as configured. */
  readonly queue: string;
  readonly ledger: Pick<Ledger, "queueKey" | "look" | "open" | "reopen">;
  readonly dispatcher: Pick<Dispatcher, "add">;
  readonly outbox: Pick<Outbox, "add" | "drop">;
  readonly emit: EmitDeliveryEvent;
}

/** What rests, to be looked at. */
export interface QuarantineReading {
  /** Oldest first. @throws MailError `STORE_…` */
  list(): Promise<QuarantinedMessage[]>;
  /** Nothing for a message that was never seen. @throws MailError `STORE_…` */
  explain(id: string): Promise<MessageStory | undefined>;
}

export interface Quarantine extends QuarantineReading {
  /** @throws MailError `DELIVERY_UNKNOWN_MESSAGE`, `STORE_…`, `LIFECYCLE_LOST_QUEUE` */
  replay(id: string): Promise<void>;
}

/** How many entries one read takes. */
const readPage = 1_000;

export function createQuarantineReading({ store, ledger, folderName }: QuarantineReadingOptions): QuarantineReading {
  const { queueKey } = ledger;
  return {
    async list() {
      const all: QuarantinedMessage[] = [];
      for await (const page of pagesUnder(store, [queueKey, "quarantine"], readPage)) {
        const ids = page.map(({ key }) => String(key[2]));
        const known = await ledger.look(ids);
        for (const id of ids) for (const one of resting(id, known.get(id), queueKey)) all.push({ ...one, folder: folderName(one.folder) });
      }
      return all.sort((a, b) => a.quarantinedAt.getTime() - b.quarantinedAt.getTime());
    },
    async explain(id) {
      const known = await find(ledger, id);
      if (!known) return undefined;
      const story = storyOf(id, known, queueKey);
      return story.folder === undefined ? story : { ...story, folder: folderName(story.folder) };
    },
  };
}

export function createQuarantine(options: QuarantineOptions): Quarantine {
  const { queue, ledger, dispatcher, outbox, emit } = options;
  return {
    ...createQuarantineReading(options),
    async replay(id) {
      const known = await find(ledger, id);
      if (!known) throw new MailError("DELIVERY_UNKNOWN_MESSAGE", `${queue} never saw a message ${id}.`, { queue, messageId: id });
      if (known.open && known.open.state !== "marking") return;
      outbox.drop(id);
      let entry: Awaited<ReturnType<Ledger["reopen"]>>;
      try {
        entry = await ledger.reopen(id);
      } catch (error) {
        const waiting = ledger.open.get(id);
        if (waiting?.state === "marking") outbox.add(waiting);
        throw error;
      }
      if (!entry) return;
      emit("message:replayed", { queue, id });
      dispatcher.add([entry]);
    },
  };
}

async function find(ledger: Pick<Ledger, "look">, id: string): Promise<Known | undefined> {
  try {
    return (await ledger.look([String(id)])).get(id);
  } catch (error) {
    // No key of the store: then it never was one.
    if (error instanceof MailError && error.code === "STORE_INVALID_ARGUMENT") return undefined;
    throw error;
  }
}

/** Nothing of one that does not rest there any more. */
function resting(id: string, known: Known | undefined, queueKey: string): QuarantinedMessage[] {
  const entry = known?.open ?? known?.final;
  if (!known || !entry) return [];
  const { open, final } = known;
  const endedAt = open ? open.outcome === "quarantined" && open.endedAt : final.state === "quarantined" && final.at;
  if (endedAt === false || endedAt === undefined) return [];
  const { folder = "", receivedAt = endedAt, attempts = 0, crashes = 0 } = entry;
  const failures = failuresOf(entry);
  return [
    {
      id,
      key: `${queueKey}/${id}`,
      folder,
      receivedAt: new Date(receivedAt),
      quarantinedAt: new Date(endedAt),
      attempts,
      crashes,
      reason: failures.at(-1)?.error ?? "",
      failures,
      mark: markOf(known),
    },
  ];
}

function markOf({ open, final }: Known): QuarantinedMessage["mark"] {
  if (open) return "waiting";
  if (final.markError !== undefined) return { failed: final.markError };
  return final.markedAt === undefined ? "none" : "made";
}
