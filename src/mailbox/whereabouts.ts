/**
 * Where messages are whose move was refused: a move may have been made although its answer was lost, and Graph then
 * refuses the second one, or does not find what it looks for.
 *
 * Invariant: by immutable id and by the id of the folder, never by what the refusal said.
 */
import type { MailError } from "../base/errors.js";
import { type PartAnswer, sendBatch } from "../graph/batch.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import { isObject } from "../graph/wire.js";
import { preferences } from "./message.js";

/**
 * `there`: in the folder it was to go to; `elsewhere`: it exists, in another one; `no folder`: likewise, and that folder
 * is not there; `vanished`: Graph does not have it.
 */
export type Whereabouts = "there" | "elsewhere" | "no folder" | "vanished" | MailError;

export interface Move {
  readonly id: string;
  /** Well-known name or id. */
  readonly destination: string;
}

/** One answer per move, in order. @throws MailError as `sendBatch` does */
export async function findMoved(
  client: GraphClient,
  mailbox: MailboxAccess,
  moves: readonly Move[],
  signal: AbortSignal | undefined,
): Promise<Whereabouts[]> {
  const folders = [...new Set(moves.map(({ destination }) => destination))];
  const part = (id: string, path: string) => ({ id, method: "GET" as const, path: `${mailbox.root}/${path}`, prefer: preferences() });
  const parts = [
    ...moves.map(({ id }, index) => part(`m${index}`, `messages/${encodeURIComponent(id)}?$select=id,parentFolderId`)),
    ...folders.map((name, index) => part(`f${index}`, `mailFolders/${encodeURIComponent(name)}?$select=id`)),
  ];
  const answers = await sendBatch(client, mailbox, { parts, what: "looking for moved messages", urgency: "urgent", signal });
  return moves.map(({ destination }, index): Whereabouts => {
    const message = answers.get(`m${index}`);
    if (message?.ok === false) return message.error.code === "GRAPH_NOT_FOUND" ? "vanished" : message.error;
    const answer = answers.get(`f${folders.indexOf(destination)}`);
    if (answer?.ok === false && namesNothing(answer.error)) return "no folder";
    const folder = textOf(answer, "id");
    return folder !== undefined && textOf(message, "parentFolderId") === folder ? "there" : "elsewhere";
  });
}

/** Not that it cannot be asked for now. */
function namesNothing({ code }: MailError): boolean {
  return code === "GRAPH_NOT_FOUND" || code === "SYNC_FOLDER_NOT_FOUND" || code === "GRAPH_REFUSED";
}

function textOf(answer: PartAnswer | undefined, name: string): string | undefined {
  const value = answer?.ok && isObject(answer.body) ? answer.body[name] : undefined;
  return typeof value === "string" ? value : undefined;
}
