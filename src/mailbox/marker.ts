/**
 * Marks: what is done to messages on the server after they are settled. Many messages leave together.
 *
 * Invariants: every step may be repeated: updates are sparse, moves go by immutable id, and so does a delete, which is a
 * move (deleting twice would delete for good); what has vanished counts as done. Categories are written only over the
 * version they were read from. Changes come before the move of the same message, each step in batches of its own.
 */
import { MailError } from "../base/errors.js";
import { type PartAnswer, sendBatch } from "../graph/batch.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import { type BatchPart, isObject, type Json, type JsonObject, versionOf } from "../graph/wire.js";
import { preferences } from "./message.js";

/** What to do on the server; nothing when empty. */
export interface Mark {
  readonly markRead?: boolean;
  /** Added to the message's categories; the others stay. */
  readonly addCategories?: readonly string[];
  /** Sets the follow-up flag. */
  readonly flag?: boolean;
  /** Well-known name or id of the folder to move it to. */
  readonly moveTo?: string;
  /** Deletes it: moves it to Deleted Items. */
  readonly delete?: boolean;
}

export interface MarkOrder {
  readonly id: string;
  readonly mark: Mark;
}

/** `done`: as ordered, or Graph said that the message is not there; otherwise why not, and whether trying again can help. */
export type MarkResult = { readonly done: true; readonly vanished?: true } | { readonly done: false; readonly error: MailError };

/** True when the mark asks for nothing. */
export function isEmptyMark(mark: Mark): boolean {
  return (
    !mark.markRead && !mark.flag && !mark.delete && mark.moveTo === undefined && !(mark.addCategories && mark.addCategories.length > 0)
  );
}

/** What a message's categories were, and in which version of it. */
interface Seen {
  readonly categories: readonly string[];
  readonly version: string | undefined;
}

type PartOf = (order: MarkOrder, index: number) => Omit<BatchPart, "id" | "prefer"> | undefined;

/**
 * Carries the orders out; one result per order, in order.
 * @throws MailError when a whole batch fails before any order is through, or for the request's own sake: then all orders
 * are to be repeated. Otherwise its error is the result of those that are not through, and only they are.
 */
export async function applyMarks(
  client: GraphClient,
  mailbox: MailboxAccess,
  orders: readonly MarkOrder[],
  signal?: AbortSignal,
): Promise<MarkResult[]> {
  const results: MarkResult[] = orders.map(() => ({ done: true }));
  /** The orders that are not through: neither failed nor vanished, with steps still to come. */
  const open = new Set(orders.keys());
  const seen = new Map<number, Seen>();

  /** One batch over the orders that `request` has a part for; every answer goes to `take`. */
  async function step(request: PartOf, take: (answer: PartAnswer, index: number) => MarkResult): Promise<void> {
    const parts = orders.flatMap((order, index) => {
      const part = request(order, index);
      return part ? [{ ...part, id: String(index), prefer: preferences() }] : [];
    });
    if (parts.length === 0) return;
    const answers = await sendBatch(client, mailbox, { parts, what: "marking messages", signal });
    for (const [id, answer] of answers) {
      const index = Number(id);
      const result = take(answer, index);
      results[index] = result;
      if (!answer.ok || !result.done) open.delete(index);
    }
  }

  const path = (id: string) => `${mailbox.root}/messages/${encodeURIComponent(id)}`;
  const ifOpen =
    (request: PartOf): PartOf =>
    (order, index) =>
      open.has(index) ? request(order, index) : undefined;

  async function allSteps(): Promise<void> {
    await step(
      ({ id, mark }) => (mark.addCategories?.length ? { method: "GET", path: `${path(id)}?$select=id,categories` } : undefined),
      (answer, index) => {
        if (!answer.ok) return vanishedIsDone(answer);
        const found = readSeen(answer.body);
        if (!found) return { done: false, error: withoutCategories(mailbox.queue) };
        seen.set(index, found);
        return { done: true };
      },
    );
    await step(
      ifOpen(({ id, mark }, index) => {
        const { categories, version } = seen.get(index) ?? {};
        const body = changes(mark, categories);
        if (Object.keys(body).length === 0) return undefined;
        return { method: "PATCH", path: path(id), body, ...("categories" in body && version !== undefined ? { ifMatch: version } : {}) };
      }),
      vanishedIsDone,
    );
    for (const [index, { mark }] of orders.entries()) if (destinationOf(mark) === undefined) open.delete(index);
    await step(
      ifOpen(({ id, mark }) => {
        const destinationId = destinationOf(mark);
        return destinationId === undefined ? undefined : { method: "POST", path: `${path(id)}/move`, body: { destinationId } };
      }),
      resultOf,
    );
    open.clear();
    // A 404 to a move can mean the message or the folder: only a message that is not there any more is done with.
    for (const [index, result] of results.entries()) if (isNotFound(result)) open.add(index);
    await step(
      ifOpen(({ id }) => ({ method: "GET", path: `${path(id)}?$select=id` })),
      (answer, index) => (answer.ok ? (results[index] as MarkResult) : vanishedIsDone(answer)),
    );
  }

  try {
    await allSteps();
  } catch (error) {
    if (signal?.aborted || !(error instanceof MailError) || error.scope === "call" || open.size === orders.length) throw error;
    for (const index of open) results[index] = { done: false, error };
  }
  return results;
}

/** The folder that the message goes to; nothing when it stays. */
function destinationOf(mark: Mark): string | undefined {
  return mark.delete ? "deleteditems" : mark.moveTo;
}

/** Sparse: only what is asked for. `categories` replaces the whole list on the server, so the present ones go along. */
function changes(mark: Mark, present: readonly string[] = []): JsonObject {
  const added = [...new Set(mark.addCategories)].filter((name) => !present.includes(name));
  return {
    ...(mark.markRead ? { isRead: true } : {}),
    ...(mark.flag ? { flag: { flagStatus: "flagged" } } : {}),
    ...(added.length > 0 ? { categories: [...present, ...added] } : {}),
  };
}

/** Nothing when they cannot be read: then none must be written. */
function readSeen(body: Json | undefined): Seen | undefined {
  if (!isObject(body) || !Array.isArray(body.categories)) return undefined;
  return { categories: body.categories.filter((name) => typeof name === "string"), version: versionOf(body) };
}

function withoutCategories(queue: string): MailError {
  return new MailError("GRAPH_BAD_RESPONSE", `Graph gave a message of ${queue} without its categories; none were written.`, { queue });
}

function resultOf(answer: PartAnswer): MarkResult {
  return answer.ok ? { done: true } : { done: false, error: answer.error };
}

function isNotFound(result: MarkResult | undefined): boolean {
  return result?.done === false && result.error.code === "GRAPH_NOT_FOUND";
}

/** A vanished message needs no mark. */
function vanishedIsDone(answer: PartAnswer): MarkResult {
  const result = resultOf(answer);
  return isNotFound(result) ? { done: true, vanished: true } : result;
}
