/**
 * Whether a message that Graph does not find by its id is in its folder all the same: asked of a plain listing, which
 * shows messages that cannot be read (alcion/corso), and those that are only late (microsoft-graph-docs 11068).
 *
 * Invariant: it is absent only where a listing that worked did not show it, or where its folder is not there although
 * the mailbox answers; a listing that fails says nothing.
 */
import { MailError } from "../base/errors.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import type { JsonObject } from "../graph/wire.js";
import type { ContentOptions } from "./content-options.js";
import { listFolder } from "./listing.js";
import { envelopeSelect, lightSelect, missingParts } from "./message.js";
import { createPageSize } from "./page-size.js";
import { mailboxAnswers } from "./reader.js";
import type { MissingPart } from "./reduced.js";

/** What a listing shows of a message. */
export type Presence =
  | { readonly kind: "listed"; readonly item: JsonObject; readonly missing: readonly MissingPart[] }
  | { readonly kind: "absent" }
  | { readonly kind: "unknown" };

export interface WhereToLook {
  readonly id: string;
  /** Well-known name or id. */
  readonly folder: string;
  /** Epoch milliseconds; the second in which it was received. Absent: the whole folder is listed. */
  readonly receivedAt: number | undefined;
  readonly content: ContentOptions;
}

/** More than a second ever brings, in one page. */
const pageSize = 100;

/** @throws the reason of an abort */
export async function findListed(
  client: GraphClient,
  mailbox: MailboxAccess,
  { id, folder, receivedAt, content }: WhereToLook,
  signal: AbortSignal,
): Promise<Presence> {
  // An envelope that is damaged spoils the page that lists it.
  for (const rung of ["envelope", "light"] as const) {
    const select = rung === "envelope" ? envelopeSelect : lightSelect;
    const request = { folder, select, from: receivedAt, to: receivedAt, pageSize: createPageSize(pageSize), signal };
    try {
      for await (const page of listFolder(client, mailbox, request)) {
        const found = page.find((item) => item.id === id && !item.removed);
        if (found) return { kind: "listed", item: found.properties, missing: missingParts(rung, content) };
      }
      return { kind: "absent" };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof MailError)) throw error;
      // "Default folder Root not found" comes with the same code when there is no mailbox at all (Zammad's documentation).
      if (error.code === "SYNC_FOLDER_NOT_FOUND")
        return (await mailboxAnswers(client, mailbox, signal)) ? { kind: "absent" } : { kind: "unknown" };
    }
  }
  return { kind: "unknown" };
}
