/**
 * Mail that Graph gives without its headers: they are read from its MIME before it is handed over, as they say whether a
 * program sent it. Graph leaves them out of what was sent from the mailbox itself (msgraph-sdk-dotnet 3025), and its
 * cloud in China has none.
 *
 * Invariants: nothing is kept back for its headers for good: where the mailbox answers and its MIME cannot be had, it
 * comes without them, and says so; nobody but the message itself waits for them.
 */
import { backoffMs } from "../base/backoff.js";
import { type Clock, sleep } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { pauseMs } from "../graph/retry.js";
import { oversizeOf, withinBytes } from "../mailbox/content-size.js";
import type { MailHeader } from "../mailbox/mail-header.js";
import { reducedItem, reductionCode, reductionOf } from "../mailbox/reduced.js";
import type { EmitDeliveryEvent } from "./events.js";
import type { Loaded } from "./waiting-room.js";

/** Reads the headers of a message from its MIME. */
export type ReadHeaders = (id: string, signal: AbortSignal) => Promise<readonly MailHeader[]>;

export interface BareMailOptions {
  readonly queue: string;
  readonly clock: Clock;
  readonly emit: EmitDeliveryEvent;
  readonly maxMessageBytes: number;
  /** Absent where the queue wants no headers: then no mail is bare. */
  readonly readHeaders?: ReadHeaders | undefined;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** A suspect has its headers now. */
  readonly onDressed: () => void;
  readonly onFailure: (error: unknown) => void;
}

export interface BareMail {
  isBare(one: Loaded): boolean;
  /** Those with their headers together, and each without by itself, as its reading takes time. */
  apart(some: readonly Loaded[]): readonly (readonly Loaded[])[];
  /** The same with their headers, or with the word that they could not be had. @throws the reason of an abort */
  clothe(some: readonly Loaded[]): Promise<readonly Loaded[]>;
  /** The next suspect that has its headers; of one without they are read first, as others wait while a suspect has its turn. */
  dressed(take: () => Loaded | undefined): Loaded | undefined;
  /** Suspects whose headers have been read. */
  readonly dressedCount: number;
}

/** Between questions while the mailbox may not be asked. */
const backoff = { baseMs: 1_000, capMs: 60_000 };
/** Pauses in a row, asked for at one message's MIME, after which they are taken for its own. */
const mostPauses = 5;

export function createBareMail(options: BareMailOptions): BareMail {
  const { queue, clock, emit, maxMessageBytes, readHeaders, signal, onDressed, onFailure } = options;
  const suspects: Loaded[] = [];

  const isBare = ({ item }: Loaded) =>
    readHeaders !== undefined &&
    !Array.isArray(item.internetMessageHeaders) &&
    !reductionOf(item) &&
    !oversizeOf(item)?.missing.includes("headers");

  async function headersOf(read: ReadHeaders, id: string): Promise<readonly MailHeader[] | MailError> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await read(id, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (!(error instanceof MailError)) throw error;
        const isBarred = pauseMs(error, clock) > 0 && tries < mostPauses;
        if (!isBarred && !error.code.startsWith("AUTH_")) return error;
        await sleep(clock, Math.max(pauseMs(error, clock), backoffMs(clock, tries, backoff)), signal);
      }
    }
  }

  async function clotheOne(one: Loaded): Promise<Loaded> {
    if (!readHeaders || !isBare(one)) return one;
    const { entry, item } = one;
    const headers = await headersOf(readHeaders, entry.id);
    if (!(headers instanceof MailError)) {
      const whole = { ...item, internetMessageHeaders: headers.map(({ name, value }) => ({ name, value })) };
      return { entry, ...withinBytes(whole, maxMessageBytes) };
    }
    const lacking = { code: reductionCode(headers), missing: ["headers"] as const };
    emit("message:reduced", { queue, id: entry.id, ...lacking });
    return { ...one, item: reducedItem(item, lacking) };
  }

  async function dress(suspect: Loaded): Promise<void> {
    try {
      suspects.push(await clotheOne(suspect));
      onDressed();
    } catch (error) {
      // Where the queue ends first, the ledger has it.
      if (!signal.aborted) onFailure(error);
    }
  }

  return {
    isBare,
    apart(some) {
      const bare = some.filter(isBare);
      if (bare.length === 0) return some.length === 0 ? [] : [some];
      const others = some.filter((one) => !bare.includes(one));
      return [...(others.length === 0 ? [] : [others]), ...bare.map((one) => [one])];
    },
    clothe: (some) => Promise.all(some.map(clotheOne)),
    dressed(take) {
      const suspect = suspects.shift() ?? take();
      if (!suspect || !isBare(suspect)) return suspect;
      void dress(suspect);
      return undefined;
    },
    get dressedCount() {
      return suspects.length;
    },
  };
}
