/**
 * What is to be believed of messages that alone cannot be read.
 *
 * Invariants: nothing is believed at the first answer, and nothing while the mailbox itself does not answer; a time in
 * which nobody asked (a pause, a stop) says nothing. A message is gone only after fifteen minutes of asking and when a
 * listing does not show it either; everything else comes in the end, with what can be had of it.
 *
 * | Graph says | until | then |
 * |---|---|---|
 * | it is damaged, by a code that says so for good | the second time | what can be had |
 * | another refusal, a 5xx, an answer that cannot be read | 6 times over 5 minutes: failovers of a mailbox take minutes | what can be had; after 15 minutes also when that is nothing |
 * | not found | 15 minutes | a listing: absent is gone; listed three times more in a row, it comes with what is listed |
 */
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import type { MailError } from "../base/errors.js";
import { pauseMs } from "../graph/retry.js";
import type { JsonObject } from "../graph/wire.js";
import type { Presence } from "../mailbox/presence.js";
import type { Look } from "../mailbox/reader.js";
import { isAboutMessage, isDamage, reducedItem, reductionCode, reductionOf } from "../mailbox/reduced.js";
import type { OpenEntry } from "./ledger-record.js";

export interface DoubtsOptions {
  readonly clock: Clock;
  /** Asks for a message whole and for less. */
  readonly lookAt: (entry: OpenEntry, signal: AbortSignal) => Promise<Look>;
  /** Whether a plain listing of its folder shows it. */
  readonly isListed: (entry: OpenEntry, signal: AbortSignal) => Promise<Presence>;
  /** Whether anything is still to be done for the message: what is known of the others is forgotten. */
  readonly isOpen: (id: string) => boolean;
  /** What was known before. Default: nothing. */
  readonly kept?: readonly KeptDoubt[] | undefined;
}

/** What is known of one message in doubt. Times are epoch milliseconds. */
export interface KeptDoubt {
  readonly id: string;
  readonly refused?: Vain | undefined;
  readonly missing?: Vain | undefined;
  readonly listed: number;
  readonly told?: string | undefined;
  readonly askAt: number;
  readonly headers?: HeaderTries | undefined;
}

/** How often its headers were asked for in vain; of these, those times that may be the message's own fault. */
export interface HeaderTries {
  tries: number;
  counted: number;
}

/** `there`: it can be delivered; `news`: what it lacks was not told yet. */
export type Judgement =
  | { readonly kind: "again"; readonly delayMs: number }
  | { readonly kind: "there"; readonly item: JsonObject; readonly news: boolean }
  | { readonly kind: "gone" };

export interface Doubts {
  /** What follows from a reading that failed; the signal ends the looks. @throws the reason of an abort */
  judge(entry: OpenEntry, error: MailError, signal: AbortSignal): Promise<Judgement>;
  /** It was read, or is gone. */
  forget(id: string): void;
  /** Epoch milliseconds of the next question about it; 0 where there is no doubt. */
  askAt(id: string): number;
  /** By id, of mail whose headers are wanted; `bare-mail.ts` takes out what has come. */
  readonly headerTries: Pick<Map<string, HeaderTries>, "has" | "delete">;
  /** Likewise of one, from now on. */
  headerTriesOf(id: string): HeaderTries;
  /** What goes along to whoever has the queue next: of the longest in doubt, as many as a record may hold. */
  readonly kept: readonly KeptDoubt[];
}

/** How often and for how long something was asked in vain. */
interface Vain {
  readonly tries: number;
  readonly forMs: number;
  /** Epoch milliseconds. */
  readonly askedAt: number;
}

interface Case {
  refused?: Vain | undefined;
  missing?: Vain | undefined;
  /** Listings in a row that showed it although it was not found. */
  listed: number;
  /** What it lacks, as told; empty before. */
  told?: string | undefined;
  askAt: number;
}

/** Between questions for a message that alone cannot be read. */
const oneAlone = { baseMs: 2_000, capMs: 300_000 };
const damagedTries = 2;
const refusedTries = 6;
const refusedMs = 5 * 60_000;
/** Milliseconds of asking again after which it is believed that nothing can be had. */
const believeMs = 15 * 60_000;
const listedTimes = 4;
const shortestAskAgainMs = 10_000;
const longestAskAgainMs = 5 * 60_000;
/** Messages in doubt from which on those that are settled are looked for and forgotten. */
const manyCases = 1_000;
/** Messages whose doubts go along; those of the others begin anew. */
const mostKept = 200;

export function createDoubts({ clock, lookAt, isListed, isOpen, kept = [] }: DoubtsOptions): Doubts {
  const cases = new Map<string, Case>(kept.map(({ id, headers: _, ...one }) => [id, { ...one, askAt: believed(one.askAt) }]));
  const headerTries = new Map(kept.flatMap(({ id, headers }): [string, HeaderTries][] => (headers ? [[id, { ...headers }]] : [])));

  /** Another machine's clock may be ahead. */
  function believed(askAt: number): number {
    return Math.min(askAt, clock.now() + longestAskAgainMs);
  }

  function caseOf(id: string): Case {
    const known = cases.get(id);
    if (known) return known;
    if (cases.size >= manyCases) for (const other of cases.keys()) if (!isOpen(other)) cases.delete(other);
    const fresh = { listed: 0, askAt: 0 };
    cases.set(id, fresh);
    return fresh;
  }

  /** What went by since the last question counts up to the longest wait between two: more was nobody's asking. */
  function oneMore({ tries, forMs, askedAt }: Vain): Vain {
    const now = clock.now();
    return { tries: tries + 1, forMs: forMs + Math.min(Math.max(0, now - askedAt), longestAskAgainMs), askedAt: now };
  }

  async function refused(entry: OpenEntry, error: MailError, signal: AbortSignal): Promise<Judgement> {
    const about = caseOf(entry.id);
    about.refused = oneMore(about.refused ?? { tries: 0, forMs: 0, askedAt: clock.now() });
    const { tries, forMs } = about.refused;
    const again = { kind: "again", delayMs: Math.max(pauseMs(error, clock), backoffMs(clock, tries, oneAlone)) } as const;
    const isEnough = isDamage(error) ? tries >= damagedTries : tries >= refusedTries && forMs >= refusedMs;
    if (!isAboutMessage(error) || !isEnough) return again;
    const look = await lookAt(entry, signal);
    if (look.kind === "unknown" || (look.kind === "nothing" && !isDamage(error) && forMs < believeMs)) return again;
    return there(about, look.item);
  }

  async function notFound(entry: OpenEntry, error: MailError, signal: AbortSignal): Promise<Judgement> {
    const about = caseOf(entry.id);
    const now = clock.now();
    about.missing = oneMore(about.missing ?? { tries: 0, forMs: 0, askedAt: entry.missingSince ?? now });
    const { forMs } = about.missing;
    if (forMs < believeMs) return { kind: "again", delayMs: Math.min(Math.max(forMs, shortestAskAgainMs), longestAskAgainMs) };
    const presence = await isListed(entry, signal);
    if (presence.kind === "absent") return { kind: "gone" };
    about.listed = presence.kind === "listed" ? about.listed + 1 : 0;
    if (presence.kind === "unknown" || about.listed < listedTimes) return { kind: "again", delayMs: longestAskAgainMs };
    return there(about, reducedItem(presence.item, { code: reductionCode(error), missing: presence.missing }));
  }

  function there(about: Case, item: JsonObject): Judgement {
    const lacks = reductionOf(item)?.missing.join();
    const news = lacks !== undefined && lacks !== about.told;
    if (lacks !== undefined) about.told = lacks;
    return { kind: "there", item, news };
  }

  return {
    async judge(entry, error, signal) {
      const judgement = await (error.code === "GRAPH_NOT_FOUND" ? notFound : refused)(entry, error, signal);
      if (judgement.kind === "again") caseOf(entry.id).askAt = clock.now() + judgement.delayMs;
      return judgement;
    },
    forget(id) {
      cases.delete(id);
    },
    askAt: (id) => cases.get(id)?.askAt ?? 0,
    headerTries,
    headerTriesOf(id) {
      if (headerTries.size >= manyCases) for (const other of headerTries.keys()) if (!isOpen(other)) headerTries.delete(other);
      const tries = headerTries.get(id) ?? { tries: 0, counted: 0 };
      headerTries.set(id, tries);
      return tries;
    },
    get kept() {
      const ids = [...new Set([...cases.keys(), ...headerTries.keys()])].filter(isOpen).slice(0, mostKept);
      return ids.map((id) => ({ id, listed: 0, askAt: 0, ...cases.get(id), headers: headerTries.get(id) }));
    },
  };
}
