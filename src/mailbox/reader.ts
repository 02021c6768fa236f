/** Messages by id, in batches: after a restart, when memory was short, and for rounds that bring ids only. */
import { MailError } from "../base/errors.js";
import { type PartAnswer, sendBatch } from "../graph/batch.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import { isObject, type JsonObject } from "../graph/wire.js";
import { type ContentOptions, fullSelect, preferences } from "./message.js";

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
