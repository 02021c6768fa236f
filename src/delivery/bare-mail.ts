/**
 * Mail that Graph gives without its headers: they are read from its MIME before it is handed over, as they say whether a
 * program sent it. Graph leaves them out of what was sent from the mailbox itself (msgraph-sdk-dotnet 3025), and its
 * cloud in China has none.
 *
 * Invariants: nothing is kept back for its headers for good: where its MIME cannot be had, it comes without them, and
 * says so; nobody but the message itself waits for them: what is being read is not in flight, and
 * what cannot be asked for now waits outside, without its content. So few are read at once that memory stays small; the
 * others wait in the room, aside.
 */
import { backoffMs } from "../base/backoff.js";
import { type Clock, sleep } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { pauseMs } from "../graph/retry.js";
import type { JsonObject } from "../graph/wire.js";
import { oversizeOf, withinBytes } from "../mailbox/content-size.js";
import type { MailHeader } from "../mailbox/mail-header.js";
import { isAboutMessage, reducedItem, reductionCode, reductionOf } from "../mailbox/reduced.js";
import type { Doubts, HeaderTries } from "./doubts.js";
import type { EmitDeliveryEvent } from "./events.js";
import type { OpenEntry } from "./ledger-record.js";
import { conversationOf, type Loaded, type WaitingRoom } from "./waiting-room.js";

/** Reads the headers of a message from its MIME. */
export type ReadHeaders = (id: string, signal: AbortSignal) => Promise<readonly MailHeader[]>;

export interface BareMailOptions {
  readonly queue: string;
  readonly clock: Clock;
  readonly emit: EmitDeliveryEvent;
  readonly maxMessageBytes: number;
  readonly doubts: Pick<Doubts, "headerTries" | "headerTriesOf">;
  /** Absent where the queue wants no headers: then no mail is bare. */
  readonly readHeaders?: ReadHeaders | undefined;
  /** Where those go back to that wait outside, or have changed meanwhile. */
  readonly room: Pick<WaitingRoom, "add" | "free" | "isOutdated" | "nextSuspect" | "takeSuspects" | "loadedSuspectCount">;
  /** Calls back after a delay, unless the queue stops before. */
  readonly later: (delayMs: number, step: () => void) => void;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** One was read, or can be read again. */
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
}

export interface BareMail {
  /** Those with their headers; of the others they are read now, beside everything else. */
  whole(some: readonly Loaded[]): readonly Loaded[];
  /** Up to so many of those that have been read, no suspects. */
  take(count: number): readonly Loaded[];
  /** Whether one has all that it is to be handed over with: headers are read first, as others wait while it has its turn. */
  hasSuspect(): boolean;
  /** Such a one. */
  takeSuspect(): Loaded | undefined;
  /** Whether it was taken from the room before, and waits for its headers since. */
  knows(entry: OpenEntry): boolean;
  /** So many more that are bare may be taken from the room, suspects apart. */
  readonly roomFor: number;
}

/** Between questions while the mailbox may not be asked, or does not answer. */
const backoff = { baseMs: 1_000, capMs: 60_000 };
/**
 * So often it is asked for where it fails for what may pass. Between two times the message itself is read anew: then the
 * mailbox answers, and it is its MIME that cannot be had.
 */
const mostTries = 5;
/** So often where nobody answers, as where a host's test knows of no MIME: it comes without its headers then. */
const mostSilent = 3;
/** So many are read at once, or have been and wait to be handed over; and so many suspects. */
const mostAtOnce = 16;
const mostSuspects = 4;

/** Whether Graph gave it without the headers that it has. */
export function isBareItem(item: JsonObject): boolean {
  return !Array.isArray(item.internetMessageHeaders) && !reductionOf(item) && !oversizeOf(item)?.missing.includes("headers");
}

export function createBareMail(options: BareMailOptions): BareMail {
  const { queue, clock, emit, maxMessageBytes, readHeaders, room, later, signal, onChange, onFailure } = options;
  /** By id, those that wait for their headers. */
  const waiting = options.doubts.headerTries;
  const ready: Loaded[] = [];
  const suspects: Loaded[] = [];
  let reading = 0;
  let readingSuspects = 0;

  const isBare = (one: Loaded | undefined) => one !== undefined && readHeaders !== undefined && isBareItem(one.item);

  /** Milliseconds until it is asked for again; nothing when it is enough. */
  function againInMs(vain: HeaderTries, error: MailError): number | undefined {
    const pause = pauseMs(error, clock);
    // A pause that the gate keeps to was asked for elsewhere: it says nothing of this message, nor does a sign-in.
    const isOfOthers = error.code.startsWith("AUTH_") || (error.code === "GRAPH_THROTTLED" && error.status === undefined);
    vain.tries += 1;
    if (!isOfOthers) vain.counted += 1;
    const mayPass = pause > 0 || (!isAboutMessage(error) && error.code !== "GRAPH_UNREACHABLE") || error.code === "GRAPH_BAD_RESPONSE";
    if (!isOfOthers && (!mayPass || vain.counted >= mostTries)) return undefined;
    return Math.max(pause, backoffMs(clock, vain.tries, backoff));
  }

  const keep = (one: Loaded) => void (one.entry.suspect ? suspects : ready).push(one);

  /** Where nobody answers at all it is asked for anew in a moment, with its content at hand: the connection may just have broken. */
  async function readSoon(read: ReadHeaders, id: string): Promise<readonly MailHeader[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await read(id, signal);
      } catch (error) {
        const isSilent = error instanceof MailError && error.code === "GRAPH_UNREACHABLE";
        if (!isSilent || tries === mostSilent) throw error;
        await sleep(clock, backoffMs(clock, tries, backoff), signal);
      }
    }
  }

  async function dress(one: Loaded, read: ReadHeaders): Promise<void> {
    const { entry, item } = one;
    const vain = options.doubts.headerTriesOf(entry.id);
    try {
      const headers = await readSoon(read, entry.id);
      const whole = { ...item, internetMessageHeaders: headers.map(({ name, value }) => ({ name, value })) };
      keep({ entry, ...withinBytes(whole, maxMessageBytes) });
    } catch (error) {
      if (signal.aborted) return; // The ledger has it.
      if (!(error instanceof MailError)) return onFailure(error);
      const delayMs = againInMs(vain, error);
      if (delayMs !== undefined) {
        later(delayMs, () => room.add(entry));
        return room.free(conversationOf(one));
      }
      const lacking = { code: reductionCode(error), missing: ["headers"] as const };
      keep({ ...one, item: reducedItem(item, lacking) });
      emit("message:reduced", { queue, id: entry.id, ...lacking });
    }
  }

  /** It may be handed over, unless others have changed it meanwhile: then that is looked at first. */
  function leave(one: Loaded): boolean {
    const { entry } = one;
    if (room.isOutdated(entry.id)) {
      room.add(entry);
      room.free(conversationOf(one));
      return false;
    }
    waiting.delete(entry.id);
    return true;
  }

  async function begin(one: Loaded, read: ReadHeaders): Promise<void> {
    const { suspect } = one.entry;
    if (suspect) readingSuspects += 1;
    else reading += 1;
    await dress(one, read);
    if (suspect) readingSuspects -= 1;
    else reading -= 1;
    onChange();
  }

  function whole(some: readonly Loaded[]): readonly Loaded[] {
    if (!readHeaders) return some;
    const bare = some.filter(isBare);
    for (const one of bare) void begin(one, readHeaders);
    return bare.length === 0 ? some : some.filter((one) => !bare.includes(one));
  }

  return {
    whole,
    take: (count) => ready.splice(0, count).filter(leave),
    hasSuspect() {
      while (isBare(room.nextSuspect) && suspects.length + readingSuspects < mostSuspects) whole(room.takeSuspects(1)).forEach(keep);
      return suspects.length > 0 || (room.loadedSuspectCount > 0 && !isBare(room.nextSuspect));
    },
    takeSuspect() {
      const one = suspects.shift();
      if (!one) return whole(room.takeSuspects(1))[0];
      return leave(one) ? one : undefined;
    },
    knows: ({ id }) => waiting.has(id),
    get roomFor() {
      return Math.max(0, mostAtOnce - reading - ready.length);
    },
  };
}
