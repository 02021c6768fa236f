/**
 * Messages by id, in batches: after a restart, when memory was short, and for rounds that bring ids only; and a look at
 * one message that alone cannot be read.
 *
 * Invariant: what is said of such a message is said beside its mailbox in one and the same batch: where the mailbox does
 * not answer, or says something about itself, it is no verdict on the message.
 */
import { MailError } from "../base/errors.js";
import { type PartAnswer, sendBatch } from "../graph/batch.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import { isObject, type JsonObject } from "../graph/wire.js";
import type { ContentOptions } from "./content-options.js";
import { envelopeSelect, fullSelect, lightSelect, missingParts, preferences, type Rung } from "./message.js";
import { isAboutMessage, reducedItem, reductionCode } from "./reduced.js";

export type Reading = { readonly found: true; readonly item: JsonObject } | { readonly found: false; readonly error: MailError };

/**
 * One reading per id. A message that is not there has an error with code `GRAPH_NOT_FOUND`.
 * @throws MailError when a whole batch fails.
 */
export async function readMessages(
  client: GraphClient,
  mailbox: MailboxAccess,
  { ids, content, signal }: { ids: readonly string[]; content: ContentOptions; signal?: AbortSignal | undefined },
): Promise<Reading[]> {
  const prefer = preferences(content);
  const parts = ids.map((id, index) => ({
    id: String(index + 1),
    method: "GET" as const,
    path: `${mailbox.root}/messages/${encodeURIComponent(id)}?$select=${fullSelect(content)}`,
    prefer,
  }));
  const answers = await sendBatch(client, mailbox, { parts, what: "reading messages", signal, tries: 1 });
  return ids.map((id, index) => reading(answers.get(String(index + 1)), id, mailbox.queue));
}

/** What could be had of one message. */
export type Look =
  /** `whole`: it can be read after all. `reduced`: with less; `nothing`: the mailbox answers, and gives nothing of it. */
  | { readonly kind: "whole" | "reduced" | "nothing"; readonly item: JsonObject }
  /** The mailbox did not answer, or what it said is no verdict on the message. */
  | { readonly kind: "unknown" };

/** Asks for a message whole, without its content, and for its light properties, beside the inbox. @throws the reason of an abort */
export async function readWithLess(
  client: GraphClient,
  mailbox: MailboxAccess,
  { id, content, signal }: { id: string; content: ContentOptions; signal: AbortSignal },
): Promise<Look> {
  const part = (name: string, path: string) => ({
    id: name,
    method: "GET" as const,
    path: mailbox.root + path,
    prefer: preferences(content),
  });
  const message = (name: string, select: string) => part(name, `/messages/${encodeURIComponent(id)}?$select=${select}`);
  const parts = [
    message("whole", fullSelect(content)),
    message("envelope", envelopeSelect),
    message("light", lightSelect),
    part("inbox", "/mailFolders/inbox?$select=id"),
  ];
  let answers: ReadonlyMap<string, PartAnswer>;
  try {
    answers = await sendBatch(client, mailbox, { parts, what: "looking at a message that cannot be read", signal, tries: 1 });
  } catch (error) {
    if (error instanceof MailError && !signal.aborted) return { kind: "unknown" };
    throw error;
  }
  const [whole, envelope, light] = ["whole", "envelope", "light"].map((name) => reading(answers.get(name), id, mailbox.queue)) as [
    Reading,
    Reading,
    Reading,
  ];
  if (whole.found) return { kind: "whole", item: whole.item };
  const verdicts = [whole, envelope, light].every((one) => one.found || isAboutMessage(one.error));
  if (!verdicts || whole.error.code === "GRAPH_NOT_FOUND" || !answers.get("inbox")?.ok) return { kind: "unknown" };
  const reduced = (rung: Rung, item: JsonObject) =>
    reducedItem(item, { code: reductionCode(whole.error), missing: missingParts(rung, content) });
  if (envelope.found) return { kind: "reduced", item: reduced("envelope", envelope.item) };
  if (light.found) return { kind: "reduced", item: reduced("light", light.item) };
  return { kind: "nothing", item: reduced("nothing", {}) };
}

/** Whether Graph gives the mailbox at all: asked for its inbox, which every mailbox has. The reason of an abort is thrown. */
export async function mailboxAnswers(client: GraphClient, mailbox: MailboxAccess, signal: AbortSignal): Promise<boolean> {
  try {
    await client.call(mailbox, { method: "GET", target: `${mailbox.root}/mailFolders/inbox?$select=id`, what: "the inbox", signal });
    return true;
  } catch (error) {
    if (error instanceof MailError && !signal.aborted) return false;
    throw error;
  }
}

function reading(answer: PartAnswer | undefined, messageId: string, queue: string): Reading {
  if (answer?.ok && isObject(answer.body)) return { found: true, item: answer.body };
  if (answer && !answer.ok) return { found: false, error: answer.error };
  return {
    found: false,
    error: new MailError("GRAPH_BAD_RESPONSE", `Graph gave no message where one was asked for in ${queue}.`, { queue, messageId }),
  };
}
