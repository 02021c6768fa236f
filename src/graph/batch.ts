/**
 * Many small requests of one mailbox as `$batch`es of up to twenty.
 *
 * Invariants: parts are matched by id, never by position; an outer 200 says nothing about them; a part that failed for
 * a passing reason is sent again by itself in a later batch, after the longest pause any part was told; one that was
 * meant for a version that is no more is its owner's to make anew. Parts whose token was refused are sent once more with
 * a new one; refused again they end the sending, and no answer is lost by it. The preference for immutable ids goes with
 * each part.
 */
import { backoffMs } from "../base/backoff.js";
import { sleep } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import { longestWaitMs } from "./bar.js";
import { challengedClaims } from "./challenge.js";
import type { GraphClient, MailboxAccess } from "./client.js";
import type { Urgency } from "./fair-order.js";
import { renewedToken, type TokenRefusal } from "./renewal.js";
import { isPassing, longestMs } from "./retry.js";
import { type BatchPart, encodeBatch, isBatch, type Json, parseBatch } from "./wire.js";

/** The most parts Graph takes in one batch (concepts/json-batching). */
export const batchSize = 20;

const backoff = { baseMs: 500, capMs: 8_000 };

export type PartAnswer =
  | { readonly ok: true; readonly status: number; readonly body: Json | undefined }
  | { readonly ok: false; readonly error: MailError };

export interface BatchCall {
  readonly parts: readonly BatchPart[];
  /** What it is, in a few words, for error messages. */
  readonly what: string;
  /** As of a call. */
  readonly urgency?: Urgency | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * How often a part that fails in passing is sent in all, 1 or more, the last no later than three minutes after the
   * first. Default 5; 1 leaves repeating to the caller.
   */
  readonly tries?: number;
}

/**
 * Sends all parts; every part has its answer in the map, by id.
 * @throws MailError what ends the sending (a whole batch that fails beyond its repetitions, a sign-in that is needed)
 * while no part has an answer that stands, or when it is about the request itself; otherwise it is the answer of each
 * part that has none. The reason of the caller's abort, always.
 */
export async function sendBatch(
  client: GraphClient,
  mailbox: MailboxAccess,
  { parts, what, urgency, signal, tries = 5 }: BatchCall,
): Promise<Map<string, PartAnswer>> {
  const answers = new Map<string, PartAnswer>();
  /** Parts without an answer that stands, by id. */
  const open = new Map(parts.map((part) => [part.id, part]));
  /** Ids of the parts that were refused for their token once. */
  const refusedOnce = new Set<string>();

  /** Sends up to twenty; the parts whose token was refused are sent once more, by themselves. */
  async function sendSome(some: readonly BatchPart[]): Promise<void> {
    const refusals = new Map<string, TokenRefusal>();
    const got = new Map<string, PartAnswer>();
    try {
      await sendHalving(client, mailbox, some, { what, urgency, signal, got, refusals });
      for (const part of some) if (!got.has(part.id)) got.set(part.id, unanswered(part, mailbox.queue));
    } finally {
      for (const part of some) take(part, got.get(part.id));
    }
    const refused = some.filter(({ id }) => refusals.has(id) && open.has(id));
    if (refused.length === 0) return;
    const again = refused.some(({ id }) => refusedOnce.has(id));
    for (const { id } of refused) refusedOnce.add(id);
    const refusal = tellingMost(refused.map(({ id }) => refusals.get(id) as TokenRefusal));
    await renewedToken(mailbox.tokens, refusal, { again, signal });
    await sendSome(refused);
  }

  function take(part: BatchPart, answer: PartAnswer | undefined): void {
    if (!answer) return;
    answers.set(part.id, answer);
    if (answer.ok || !isToRepeat(part, answer.error)) open.delete(part.id);
  }

  async function sendAll(): Promise<void> {
    const { clock } = client;
    const endsAt = clock.ticks() + longestMs;
    for (let round = 1; open.size > 0; round += 1) {
      const left = [...open.values()];
      for (let from = 0; from < left.length; from += batchSize) await sendSome(left.slice(from, from + batchSize));
      const waitMs = Math.max(0, pauseOf(open.keys(), answers) - clock.now());
      if (open.size === 0 || round === tries || waitMs > longestWaitMs || clock.ticks() + waitMs >= endsAt) return;
      await sleep(clock, Math.max(waitMs, backoffMs(clock, round, backoff)), signal);
    }
  }

  try {
    await sendAll();
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const ours = asMailError(error, "GRAPH_UNREACHABLE", `${what} of ${mailbox.queue} failed.`, { queue: mailbox.queue });
    if (open.size === parts.length || ours.scope === "call") throw ours;
    for (const id of open.keys()) answers.set(id, { ok: false, error: ours });
  }
  return answers;
}

function isToRepeat({ ifMatch }: BatchPart, error: MailError): boolean {
  const isOutdated = ifMatch !== undefined && error.code === "GRAPH_CONFLICT";
  return isRefusedToken(error) || (isPassing(error) && !isOutdated);
}

function isRefusedToken({ code }: MailError): boolean {
  return code === "GRAPH_UNAUTHORIZED";
}

/** One token answers all parts of a batch: a challenge says more than a plain refusal. */
function tellingMost(refusals: readonly TokenRefusal[]): TokenRefusal {
  return refusals.find(({ claims }) => claims !== undefined) ?? (refusals[0] as TokenRefusal);
}

/** Epoch milliseconds: the longest pause that any of these parts was told. */
function pauseOf(ids: Iterable<string>, answers: ReadonlyMap<string, PartAnswer>): number {
  const told = [...ids].map((id) => {
    const answer = answers.get(id);
    return answer?.ok === false ? (answer.error.notBeforeAt ?? 0) : 0;
  });
  return Math.max(0, ...told);
}

interface Sending {
  readonly what: string;
  readonly urgency: Urgency | undefined;
  readonly signal: AbortSignal | undefined;
  /** Takes the answers, by part id; also those that came before a failure. */
  readonly got: Map<string, PartAnswer>;
  /** Takes the parts whose token was refused, by id. */
  readonly refusals: Map<string, TokenRefusal>;
}

type Send = (client: GraphClient, mailbox: MailboxAccess, parts: readonly BatchPart[], sending: Sending) => Promise<void>;

/**
 * One part can spoil the answer to all (raw control characters, a size that times out): such a batch is halved until
 * each such part has the error to itself. Where every part fails so, it is not the parts' fault.
 */
const sendHalving: Send = async (client, mailbox, parts, sending) => {
  const { got } = sending;
  /** By part id, the errors that parts have to themselves. */
  const spoiled = new Map<string, MailError>();
  let first: MailError | undefined;
  const send = async (some: readonly BatchPart[]): Promise<void> => {
    try {
      await sendOne(client, mailbox, some, sending);
    } catch (error) {
      if (!mayBeOnePart(error)) throw error;
      first ??= error;
      const middle = Math.ceil(some.length / 2);
      if (some.length > 1) {
        await send(some.slice(0, middle));
        await send(some.slice(middle));
      } else for (const { id } of some) spoiled.set(id, error);
    }
  };
  await send(parts);
  const allFail = [...got.values()].every((answer) => !answer.ok && mayBeOnePart(answer.error));
  if (first && allFail && parts.length > 1) throw first;
  for (const [id, error] of spoiled) got.set(id, { ok: false, error });
};

function mayBeOnePart(error: unknown): error is MailError {
  return error instanceof MailError && (error.code === "GRAPH_BAD_RESPONSE" || error.status === 504);
}

/** In as many requests as it takes: while streams hold places, one has no more parts than may run beside them. */
const sendOne: Send = async (client, mailbox, parts, { what, urgency, signal, got, refusals }) => {
  for (let left = parts.filter(({ id }) => !got.has(id)); left.length > 0; ) {
    let some = left;
    await client.call(mailbox, {
      method: "POST",
      target: "/$batch",
      exclusive: true,
      fill(most) {
        some = left.slice(0, most);
        return { body: encodeBatch(some), parts: some.length };
      },
      what,
      urgency,
      signal,
      // Older Graph answers so where a part was refused for its rate (concepts/throttling, of 2021).
      isAnswer: ({ status, text }) => status === 424 && isBatch(text),
      // Inside the call: what waits behind it in the gate must find the pause that a part was told.
      inspect({ text }, token) {
        mailbox.counter.parts += some.length;
        const now = client.clock.now();
        for (const { id, status, header, body } of parseBatch(text)) {
          if (status >= 200 && status < 300) {
            got.set(id, { ok: true, status, body });
            continue;
          }
          const claims = challengedClaims(header("www-authenticate"));
          const [retryAfter, date] = [header("retry-after"), header("date")];
          const error = client.refused(mailbox, { status, retryAfter, date, body, claims, what, queue: mailbox.queue, now });
          got.set(id, { ok: false, error });
          if (isRefusedToken(error)) refusals.set(id, { token, claims, error });
        }
      },
    });
    left = left.slice(some.length);
  }
};

function unanswered({ id }: BatchPart, queue: string): PartAnswer {
  const error = new MailError("GRAPH_BAD_RESPONSE", `Graph answered a batch of ${queue} without its part ${id}.`, { queue });
  return { ok: false, error };
}
