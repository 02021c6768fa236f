/**
 * Marks: what is done to messages on the server after they are settled. Many messages leave together.
 *
 * Invariants: every step may be repeated: updates are sparse, moves and deletes go by immutable id; what has vanished
 * counts as done. Changes come before the move or delete of the same message, each step in batches of its own.
 */
import type { MailError } from "../base/errors.js";
import { type PartAnswer, sendBatch } from "../graph/batch.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import { type BatchPart, isObject, type JsonObject } from "../graph/wire.js";
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
  /** Deletes it (to Deleted Items). */
  readonly delete?: boolean;
}

export interface MarkOrder {
  readonly id: string;
  readonly mark: Mark;
}

/** `done`: as ordered, or the message is gone; otherwise why not, and whether trying again can help. */
export type MarkResult = { readonly done: true } | { readonly done: false; readonly error: MailError };

/** True when the mark asks for nothing. */
export function isEmptyMark(mark: Mark): boolean {
  return (
    !mark.markRead && !mark.flag && !mark.delete && mark.moveTo === undefined && !(mark.addCategories && mark.addCategories.length > 0)
  );
}

/**
 * Carries the orders out; one result per order, in order.
 * @throws MailError when a whole batch fails: then all orders are to be repeated.
 */
export async function applyMarks(
  client: GraphClient,
  mailbox: MailboxAccess,
  orders: readonly MarkOrder[],
  signal?: AbortSignal,
): Promise<MarkResult[]> {
  const results: MarkResult[] = orders.map(() => ({ done: true }));
  const categories = new Map<number, readonly string[]>();

  /** One batch over the orders that `request` has a part for; every answer goes to `take`. */
  async function step(request: PartOf, take: (answer: PartAnswer, index: number) => MarkResult) {
    const parts = orders.flatMap((order, index) => {
      const part = request(order, index);
      return part ? [{ ...part, id: String(index), prefer: preferences() }] : [];
    });
    if (parts.length === 0) return;
    const answers = await sendBatch(client, mailbox, { parts, what: "marking messages", signal });
    for (const [id, answer] of answers) results[Number(id)] = take(answer, Number(id));
  }

  const path = (id: string) => `${mailbox.root}/messages/${encodeURIComponent(id)}`;
  const stillGood =
    (request: PartOf): PartOf =>
    (order, index) =>
      results[index]?.done ? request(order, index) : undefined;

  await step(
    ({ id, mark }) => (mark.addCategories?.length ? { method: "GET", path: `${path(id)}?$select=id,categories` } : undefined),
    (answer, index) => {
      const present = answer.ok && isObject(answer.body) ? answer.body.categories : undefined;
      categories.set(index, Array.isArray(present) ? present.filter((name) => typeof name === "string") : []);
      return vanishedIsDone(answer);
    },
  );
  await step(
    stillGood(({ id, mark }, index) => {
      const body = changes(mark, categories.get(index));
      return Object.keys(body).length > 0 ? { method: "PATCH", path: path(id), body } : undefined;
    }),
    vanishedIsDone,
  );
  await step(
    stillGood(({ id, mark }) => {
      if (mark.delete) return { method: "DELETE", path: path(id) };
      return mark.moveTo === undefined ? undefined : { method: "POST", path: `${path(id)}/move`, body: { destinationId: mark.moveTo } };
    }),
    (answer, index) => (orders[index]?.mark.delete ? vanishedIsDone(answer) : resultOf(answer)),
  );
  // A 404 to a move can mean the message or the folder: only a message that is not there any more is done with.
  await step(
    ({ id }, index) => (isNotFound(results[index]) ? { method: "GET", path: `${path(id)}?$select=id` } : undefined),
    (answer, index) => (answer.ok ? (results[index] as MarkResult) : vanishedIsDone(answer)),
  );
  return results;
}

type PartOf = (order: MarkOrder, index: number) => Omit<BatchPart, "id" | "prefer"> | undefined;

/** Sparse: only what is asked for. `categories` replaces the whole list on the server, so the present ones go along. */
function changes(mark: Mark, present: readonly string[] = []): JsonObject {
  const wanted = mark.addCategories?.filter((name) => !present.includes(name)) ?? [];
  return {
    ...(mark.markRead ? { isRead: true } : {}),
    ...(mark.flag ? { flag: { flagStatus: "flagged" } } : {}),
    ...(wanted.length > 0 ? { categories: [...present, ...wanted] } : {}),
  };
}

function resultOf(answer: PartAnswer): MarkResult {
  return answer.ok ? { done: true } : { done: false, error: answer.error };
}

function isNotFound(result: MarkResult | undefined): boolean {
  return result?.done === false && result.error.code === "GRAPH_NOT_FOUND";
}

/** A vanished message needs no mark: 404, or 403 `ErrorCannotDeleteObject` for a delete by immutable id. */
function vanishedIsDone(answer: PartAnswer): MarkResult {
  const result = resultOf(answer);
  return isNotFound(result) ? { done: true } : result;
}
