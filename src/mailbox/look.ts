/**
 * A look at single messages: whether they are there, in which folder, and in which state. What delta says of a message
 * (that it left, that it changed) is believed only after such a look.
 */
import { batchSize, sendBatch } from "../graph/batch.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import { isObject, type JsonObject } from "../graph/wire.js";
import { lightSelect, preferences } from "./message.js";

/** What was found: the message's light properties and its categories, or that Graph does not have it. */
export type Look = { readonly found: true; readonly item: JsonObject } | { readonly found: false };

/**
 * One look per id; ids about which Graph would not answer for a reason of their own are not in the map.
 * @throws MailError when it answers nothing
 */
export async function lookAtMessages(
  client: GraphClient,
  mailbox: MailboxAccess,
  { ids, signal }: { ids: readonly string[]; signal?: AbortSignal | undefined },
): Promise<Map<string, Look>> {
  const looks = new Map<string, Look>();
  for (let from = 0; from < ids.length; from += batchSize) {
    const some = ids.slice(from, from + batchSize);
    const parts = some.map((id, index) => ({
      id: String(index + 1),
      method: "GET" as const,
      path: `${mailbox.root}/messages/${encodeURIComponent(id)}?$select=${lightSelect},categories`,
      prefer: preferences(),
    }));
    const answers = await sendBatch(client, mailbox, { parts, what: "looking at messages", signal });
    for (const [index, id] of some.entries()) {
      const answer = answers.get(String(index + 1));
      if (answer?.ok && isObject(answer.body)) looks.set(id, { found: true, item: answer.body });
      else if (answer?.ok === false && answer.error.code === "GRAPH_NOT_FOUND") looks.set(id, { found: false });
    }
  }
  return looks;
}
