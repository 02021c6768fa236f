/**
 * Many small requests of one mailbox as `$batch`es of up to twenty.
 *
 * Invariants: parts are matched by id, never by position; an outer 200 says nothing about them; a part that failed for
 * a passing reason is sent again by itself in a later batch, after the longest pause any part was told; one that was
 * meant for a version that is no more is its owner's to make anew. The preference for immutable ids goes with each part.
 */
import { backoffMs } from "../base/backoff.js";
import { sleep } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { GraphClient, MailboxAccess } from "./client.js";
import { longestWaitMs } from "./gate.js";
import { refusalError } from "./refusal.js";
import { isPassing } from "./retry.js";
import { type BatchPart, encodeBatch, type Json, parseBatch } from "./wire.js";

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
  readonly signal?: AbortSignal | undefined;
  /** How often a part that fails in passing is sent in all, 1 or more. Default 5; 1 leaves repeating to the caller. */
  readonly tries?: number;
}

/**
 * Sends all parts; every part has its answer in the map, by id.
 * @throws MailError when a whole batch fails beyond its repetitions; parts answered before are lost with it, so they
 * must be safe to repeat.
 */
export async function sendBatch(
  client: GraphClient,
  mailbox: MailboxAccess,
  { parts, what, signal, tries = 5 }: BatchCall,
): Promise<Map<string, PartAnswer>> {
  const answers = new Map<string, PartAnswer>();
  let open: readonly BatchPart[] = parts;
  for (let round = 1; open.length > 0; round += 1) {
    const failed: BatchPart[] = [];
    let notBeforeAt = 0;
    for (let from = 0; from < open.length; from += batchSize) {
      const some = open.slice(from, from + batchSize);
      const got = await sendHalving(client, mailbox, some, { what, signal });
      for (const part of some) {
        const answer = got.get(part.id) ?? unanswered(part, mailbox.queue);
        answers.set(part.id, answer);
        if (answer.ok || !isPassing(answer.error) || isOutdated(part, answer.error)) continue;
        failed.push(part);
        notBeforeAt = Math.max(notBeforeAt, answer.error.notBeforeAt ?? 0);
      }
    }
    const now = client.clock.now();
    if (failed.length === 0 || round === tries || notBeforeAt - now > longestWaitMs) break;
    await sleep(client.clock, Math.max(notBeforeAt - now, backoffMs(client.clock, round, backoff)), signal);
    open = failed;
  }
  return answers;
}

interface Sending {
  readonly what: string;
  readonly signal: AbortSignal | undefined;
}

type Send = (
  client: GraphClient,
  mailbox: MailboxAccess,
  parts: readonly BatchPart[],
  sending: Sending,
) => Promise<Map<string, PartAnswer>>;

/**
 * One part can spoil the answer to all (raw control characters, a size that times out): such a batch is halved until
 * each such part has the error to itself. Where every part fails so, it is not the parts' fault.
 */
const sendHalving: Send = async (client, mailbox, parts, sending) => {
  let first: MailError | undefined;
  const send = async (some: readonly BatchPart[]): Promise<Map<string, PartAnswer>> => {
    try {
      return await sendOne(client, mailbox, some, sending);
    } catch (error) {
      if (!mayBeOnePart(error)) throw error;
      first ??= error;
      if (some.length <= 1) return new Map(some.map(({ id }) => [id, { ok: false, error }]));
      const middle = Math.ceil(some.length / 2);
      return new Map([...(await send(some.slice(0, middle))), ...(await send(some.slice(middle)))]);
    }
  };
  const answers = await send(parts);
  const allFail = [...answers.values()].every((answer) => !answer.ok && mayBeOnePart(answer.error));
  if (first && allFail && parts.length > 1) throw first;
  return answers;
};

function mayBeOnePart(error: unknown): error is MailError {
  return error instanceof MailError && (error.code === "GRAPH_BAD_RESPONSE" || error.status === 504);
}

const sendOne: Send = async (client, mailbox, parts, { what, signal }) => {
  const answers = new Map<string, PartAnswer>();
  await client.call(mailbox, {
    method: "POST",
    target: "/$batch",
    body: encodeBatch(parts),
    exclusive: true,
    what,
    signal,
    // Inside the call: what waits behind it in the gate must find the pause that a part was told.
    inspect({ text }) {
      mailbox.counter.parts += parts.length;
      const now = client.clock.now();
      for (const { id, status, headers, body } of parseBatch(text)) {
        if (status >= 200 && status < 300) {
          answers.set(id, { ok: true, status, body });
          continue;
        }
        const error = refusalError({ status, retryAfter: headers.get("retry-after"), body, what, queue: mailbox.queue, now });
        if (error.notBeforeAt !== undefined) mailbox.gate.bar({ until: error.notBeforeAt, code: error.serviceCode ?? String(status) });
        answers.set(id, { ok: false, error });
      }
    },
  });
  return answers;
};

function isOutdated({ ifMatch }: BatchPart, { code }: MailError): boolean {
  return ifMatch !== undefined && code === "GRAPH_CONFLICT";
}

function unanswered({ id }: BatchPart, queue: string): PartAnswer {
  const error = new MailError("GRAPH_BAD_RESPONSE", `Graph answered a batch of ${queue} without its part ${id}.`, { queue });
  return { ok: false, error };
}
