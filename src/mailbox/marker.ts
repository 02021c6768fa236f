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
  return !mark.markRead && !mark.flag && !mark.delete && mark.moveTo === undefined && !(mark.addCategories && mark.addCategories.length > 0);
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

  async function step(part: (order: MarkOrder, index: number) => Omit<BatchPart, "id" | "prefer"> | undefined, onBody?: (body: JsonObject, index: number) => void) {
    const parts = orders.flatMap((order, index) => {
      const wanted = results[index]?.done ? part(order, index) : undefined;
      return wanted ? [{ ...wanted, id: String(index), prefer: preferences() }] : [];
    });
    if (parts.length === 0) return;
    const answers = await sendBatch(client, mailbox, { parts, what: "marking messages", signal });
    for (const [id, answer] of answers) {
      const index = Number(id);
      results[index] = resultOf(answer);
      if (answer.ok && isObject(answer.body)) onBody?.(answer.body, index);
    }
  }

  const path = (id: string) => `${mailbox.root}/messages/${encodeURIComponent(id)}`;
  await step(
    ({ id, mark }) => (mark.addCategories?.length ? { method: "GET", path: `${path(id)}?$select=id,categories` } : undefined),
    (body, index) => {
      const present = Array.isArray(body["categories"]) ? body["categories"].filter((name) => typeof name === "string") : [];
      categories.set(index, present);
    },
  );
  await step(({ id, mark }, index) => {
    const body = changes(mark, categories.get(index));
    return Object.keys(body).length > 0 ? { method: "PATCH", path: path(id), body } : undefined;
  });
  await step(({ id, mark }) => {
    if (mark.delete) return { method: "DELETE", path: path(id) };
    return mark.moveTo === undefined ? undefined : { method: "POST", path: `${path(id)}/move`, body: { destinationId: mark.moveTo } };
  });
  return results;
}

/** Sparse: only what is asked for. `categories` replaces the whole list on the server, so the present ones go along. */
function changes(mark: Mark, present: readonly string[] = []): JsonObject {
  const wanted = mark.addCategories?.filter((name) => !present.includes(name)) ?? [];
  return {
    ...(mark.markRead ? { isRead: true } : {}),
    ...(mark.flag ? { flag: { flagStatus: "flagged" } } : {}),
    ...(wanted.length > 0 ? { categories: [...present, ...wanted] } : {}),
  };
}

/** A vanished message needs no mark: 404, or 403 `ErrorCannotDeleteObject` for a delete by immutable id. */
function resultOf(answer: PartAnswer): MarkResult {
  return answer.ok || answer.error.code === "GRAPH_NOT_FOUND" ? { done: true } : { done: false, error: answer.error };
}
