/**
 * Marks: what is done to messages on the server after they are settled. Many messages leave together.
 *
 * Invariants: every step may be repeated: updates are sparse, moves go by immutable id, and so does a delete, which is a
 * move (deleting twice would delete for good); what has vanished counts as done. Categories are written only over the
 * version they were read from. Changes come before the move of the same message, or its deletion for good, each step in
 * batches of its own. A refused move is believed only where the message is neither gone nor in the folder it was to go to.
 */
import { MailError } from "../base/errors.js";
import { type PartAnswer, sendBatch } from "../graph/batch.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import { type BatchPart, isObject, type Json, type JsonObject, versionOf } from "../graph/wire.js";
import type { Mark } from "./mark.js";
import { preferences } from "./message.js";
import { createTargetFolders, type TargetFolders } from "./target-folders.js";
import { findMoved } from "./whereabouts.js";

export interface MarkOrder {
  readonly id: string;
  readonly mark: Mark;
}

/**
 * `done`: as ordered, or Graph said that the message is not there; otherwise why not, and whether trying again can help.
 * `asWhole`: not the order but a batch of nothing else was refused.
 */
export type MarkResult =
  | { readonly done: true; readonly vanished?: true }
  | { readonly done: false; readonly error: MailError; readonly asWhole?: true };

export interface MarkingOptions {
  readonly signal?: AbortSignal | undefined;
  /** Remembers folders from one call to the next. Default: for this call alone. */
  readonly targets?: TargetFolders;
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
  { signal, targets = createTargetFolders(client, mailbox) }: MarkingOptions = {},
): Promise<MarkResult[]> {
  const results: MarkResult[] = orders.map(() => ({ done: true }));
  /** The orders that are not through: neither failed nor vanished, with steps still to come. */
  const open = new Set(orders.keys());
  const seen = new Map<number, Seen>();
  /** What Graph is told as the destination of those that move. */
  const destinations = new Map<number, string>();

  /** One batch over the orders that `request` has a part for; every answer goes to `take`. */
  async function step(request: PartOf, take: (answer: PartAnswer, index: number) => MarkResult): Promise<void> {
    const parts = orders.flatMap((order, index) => {
      const part = request(order, index);
      return part ? [{ ...part, id: String(index), prefer: preferences() }] : [];
    });
    if (parts.length === 0) return;
    const answers = await sendBatch(client, mailbox, { parts, what: "marking messages", urgency: "urgent", signal });
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
    for (const [index, { mark }] of orders.entries()) if (!mark.delete && mark.moveTo === undefined) open.delete(index);
    await findDestinations();
    await step(
      ifOpen(({ id }, index) => {
        const destinationId = destinations.get(index);
        return destinationId === undefined
          ? { method: "POST", path: `${path(id)}/permanentDelete` }
          : { method: "POST", path: `${path(id)}/move`, body: { destinationId } };
      }),
      (answer, index) => (destinations.has(index) ? resultOf(answer) : vanishedIsDone(answer)),
    );
    open.clear();
    // A 404 to a move can mean the message or the folder, and a move whose answer was lost may have been made.
    const doubted = [...destinations.keys()].filter((index) => isDoubtful(results[index]));
    for (const index of doubted) open.add(index);
    if (doubted.length > 0) await lookFor(doubted);
  }

  /** Of those that are to move; one whose folder cannot be had is not done. */
  async function findDestinations(): Promise<void> {
    const asked = new Map<string, string | MailError>();
    for (const index of open) {
      const { mark } = orders[index] as MarkOrder;
      if (mark.delete === "permanently") continue;
      const { moveTo = "deleteditems", createFolder = false } = mark.delete ? {} : mark;
      const key = `${createFolder} ${moveTo}`;
      const found = asked.get(key) ?? (await targets.idOf({ moveTo, createFolder }, signal).catch(ownError));
      asked.set(key, found);
      if (typeof found === "string") destinations.set(index, found);
      else {
        results[index] = { done: false, error: found };
        open.delete(index);
      }
    }
  }

  function ownError(error: unknown): MailError {
    if (signal?.aborted || !(error instanceof MailError)) throw error;
    return error;
  }

  async function lookFor(doubted: readonly number[]): Promise<void> {
    const moves = doubted.map((index) => ({ id: (orders[index] as MarkOrder).id, destination: destinations.get(index) as string }));
    const found = await findMoved(client, mailbox, moves, signal);
    for (const [at, index] of doubted.entries()) {
      const where = found[at];
      const { moveTo } = (orders[index] as MarkOrder).mark;
      open.delete(index);
      if (moveTo !== undefined && where !== "there") targets.forget(moveTo);
      if (where === "there") results[index] = { done: true };
      else if (where === "vanished") results[index] = { done: true, vanished: true };
      else if (where instanceof MailError) results[index] = { done: false, error: where };
      else if (where === "no folder") results[index] = { done: false, error: withoutFolder(mailbox.queue, moveTo, results[index]) };
    }
  }

  try {
    await allSteps();
  } catch (error) {
    if (signal?.aborted || !(error instanceof MailError) || error.scope === "call" || open.size === orders.length) throw error;
    for (const index of open) results[index] = { done: false, error };
  }
  return results;
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

/** Also of an id or a well-known name, which only Graph knows to name nothing. */
function withoutFolder(queue: string, moveTo = "deleteditems", result: MarkResult | undefined): MailError {
  const { status = 404, serviceCode = "no code" } = result?.done === false ? result.error : {};
  const answer = `Graph answered ${status} ${serviceCode}`;
  const message = `There is no folder "${moveTo}" in ${queue} (${answer}): the message stays where it is. Make the folder, or mend the name.`;
  return new MailError("SYNC_FOLDER_NOT_FOUND", message, { queue, status, serviceCode });
}

function resultOf(answer: PartAnswer): MarkResult {
  return answer.ok ? { done: true } : { done: false, error: answer.error };
}

/** What may be said of a move that was made: not that the mailbox or the server is in trouble. */
function isDoubtful(result: MarkResult | undefined): boolean {
  if (result?.done !== false) return false;
  const { scope, code, serviceCode = "" } = result.error;
  return scope === "call" || code === "SYNC_FOLDER_NOT_FOUND" || serviceCode.toLowerCase() === "errormovecopyfailed";
}

function isNotFound(result: MarkResult | undefined): boolean {
  return result?.done === false && result.error.code === "GRAPH_NOT_FOUND";
}

/** A vanished message needs no mark. */
function vanishedIsDone(answer: PartAnswer): MarkResult {
  const result = resultOf(answer);
  return isNotFound(result) ? { done: true, vanished: true } : result;
}
