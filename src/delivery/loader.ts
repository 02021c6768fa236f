/**
 * Fetches the content of entries that wait without it, the oldest first, a batch at a time.
 *
 * Invariants: one batch at a time, no larger than there is room for; a message that cannot be read waits by itself, and
 * so do the questions about it. Whatever a read fails with, its entries are back in the room; a ledger that fails ends
 * the queue. What others did to a message since it was found is told before it is in the room.
 */
import { backoffMs } from "../base/backoff.js";
import { type Clock, sleep } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { pauseMs } from "../graph/retry.js";
import type { JsonObject } from "../graph/wire.js";
import type { Reading } from "../mailbox/reader.js";
import { reductionOf } from "../mailbox/reduced.js";
import type { Doubts } from "./doubts.js";
import type { EmitDeliveryEvent } from "./events.js";
import { actionFor, foreignChanges, type IfChangedElsewhere, placesOf } from "./foreign.js";
import { insisting } from "./insist.js";
import type { Ledger } from "./ledger.js";
import type { OpenEntry } from "./ledger-record.js";
import type { WaitingRoom } from "./waiting-room.js";

/** What the loader asks of a mailbox. */
export interface MailboxReading {
  /** Fetches messages by id, at most 20. */
  readonly read: (ids: readonly string[], signal: AbortSignal) => Promise<Reading[]>;
  /** The id of a folder, by well-known name or as configured; nothing while it cannot be had. */
  readonly folderIdOf: (folder: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Of all watched folders, their well-known names or ids: a message that moves from one to another has not gone elsewhere. */
  readonly watchedFolders: () => readonly string[];
}

export interface LoaderOptions extends MailboxReading {
  /** The queue address as configured. */
  readonly queue: string;
  readonly ledger: Ledger;
  readonly room: WaitingRoom;
  readonly clock: Clock;
  /** Ends the waits and the reads. */
  readonly signal: AbortSignal;
  readonly ifChangedElsewhere: IfChangedElsewhere;
  readonly doubts: Doubts;
  readonly emit: EmitDeliveryEvent;
  /** Calls back after a delay, unless the queue stops before. */
  readonly later: (delayMs: number, run: () => void) => void;
  /** The entry is closed: nothing of it comes any more, but its copy if that has waited for it. */
  readonly onClosed: (entry: OpenEntry, copy: OpenEntry | undefined) => void;
  /** Something was read, or can be read again. */
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
}

export interface Loader {
  /** Begins a read unless one is under way. */
  start(): void;
}

const readBatch = 20;
const backoff = { baseMs: 1_000, capMs: 60_000 };
/** Failures of whole reads in a row after which each of the messages that may be to blame is asked about by itself. */
const spoiledReads = 5;

export function createLoader(options: LoaderOptions): Loader {
  const {
    queue,
    ledger,
    room,
    clock,
    signal,
    read,
    folderIdOf,
    watchedFolders,
    ifChangedElsewhere,
    doubts,
    emit,
    later,
    onClosed,
    onChange,
    onFailure,
  } = options;
  let reading = false;
  /** Failures of whole reads in a row. */
  let failures = 0;

  async function readSome(): Promise<void> {
    const entries = room.takeUnloaded(Math.min(readBatch, room.roomFor));
    let readings: readonly Reading[];
    try {
      readings = await read(
        entries.map(({ id }) => id),
        signal,
      );
    } catch (error) {
      failures += 1;
      const isSpoiled = failures > spoiledReads && error instanceof MailError && maySpoilOthers(error);
      for (const entry of entries) {
        if (isSpoiled) doubt(entry, error);
        else room.add(entry);
      }
      if (signal.aborted) return;
      if (!(error instanceof MailError)) return onFailure(error);
      return sleep(clock, Math.max(pauseMs(error, clock), backoffMs(clock, failures, backoff)), signal);
    }
    failures = 0;
    for (const [index, entry] of entries.entries()) {
      const one = readings[index];
      if (one?.found) await arrive(entry, one.item);
      else doubt(entry, one?.error ?? new MailError("GRAPH_BAD_RESPONSE", `Nothing was read of a message of ${queue}.`, { queue }));
    }
  }

  /** It was read whole. */
  async function arrive(entry: OpenEntry, item: JsonObject): Promise<void> {
    doubts.forget(entry.id);
    await enter(entry.missingSince === undefined ? entry : await missing(entry, undefined), item);
  }

  /** Into the room, unless somebody else has dealt with it and the queue's rule says that this is enough. */
  async function enter(entry: OpenEntry, item: JsonObject): Promise<boolean> {
    const places = await placesOf(item, { folder: entry.folder, watched: watchedFolders() }, (folder) => folderIdOf(folder, signal));
    const changes = foreignChanges(entry, item, places).map((change) => ({ change, action: actionFor(change, ifChangedElsewhere) }));
    if (changes.length === 0) {
      room.add(entry, item);
      return true;
    }
    const foreign = [...(entry.foreign ?? []), ...changes.map(({ change }) => change)];
    const skipped = changes.some(({ action }) => action === "skip");
    if (skipped) await close({ ...entry, foreign }, "skipped");
    else room.add(await durable(() => ledger.note(entry, { foreign })), item);
    for (const one of changes) emit("message:changed-elsewhere", { queue, id: entry.id, settled: false, ...one });
    return !skipped;
  }

  /** Beside the reading: a question about one message keeps no other waiting. */
  function doubt(entry: OpenEntry, error: MailError): void {
    room.pass(entry);
    decide(entry, error)
      .catch((failure: unknown) => {
        if (!signal.aborted) onFailure(failure);
      })
      .finally(onChange);
  }

  async function decide(entry: OpenEntry, error: MailError): Promise<void> {
    const isNew = error.code === "GRAPH_NOT_FOUND" && entry.missingSince === undefined;
    const noted = isNew ? await missing(entry, clock.now()) : entry;
    const judgement = await doubts.judge(noted, error, signal);
    if (judgement.kind === "again") return later(judgement.delayMs, () => room.add(noted));
    if (judgement.kind === "gone") {
      doubts.forget(noted.id);
      await close(noted, "gone");
      return emit("message:gone", { queue, id: noted.id });
    }
    const lacking = reductionOf(judgement.item);
    if (!lacking) return arrive(noted, judgement.item);
    const enters = await enter(noted, judgement.item);
    if (enters && judgement.news) emit("message:reduced", { queue, id: noted.id, ...lacking });
  }

  async function close(entry: OpenEntry, state: "gone" | "skipped"): Promise<void> {
    const copy = await durable(() => ledger.close(entry, state));
    room.pass(entry);
    room.forget(entry.id);
    onClosed(entry, copy);
  }

  /** Over a restart too, a message is missing since it was last there. */
  function missing(entry: OpenEntry, since: number | undefined): Promise<OpenEntry> {
    return durable(() => ledger.missing(entry, since));
  }

  function durable<T>(write: () => Promise<T>): Promise<T> {
    return insisting(write, { clock, signal });
  }

  return {
    start() {
      if (reading || signal.aborted) return;
      reading = true;
      readSome()
        .catch((error: unknown) => {
          if (!signal.aborted) onFailure(error);
        })
        .finally(() => {
          reading = false;
          onChange();
        });
    },
  };
}

/** What one message can do to the answer to its whole batch: where all of a batch are such, the batch fails whole. */
function maySpoilOthers({ code, status }: MailError): boolean {
  return code === "GRAPH_BAD_RESPONSE" || status === 504;
}
