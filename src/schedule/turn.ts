/**
 * One turn of one queue: a round of each folder, then a step of its sweep. The only place that sees cursors, ledger and
 * deliveries together.
 *
 * Invariant: a page's cursor and its ledger entries are one commit, and only what is recorded is handed on.
 */
import { MailError, type MailErrorCode } from "../base/errors.js";
import type { OpenEntry } from "../delivery/ledger-record.js";
import { roundOfFolder } from "./folder-round.js";
import type { TurnWork } from "./folder-work.js";
import { noteOwner } from "./mailbox-owner.js";

export interface TurnOptions extends TurnWork {
  /** One step of the sweep that is due or under way; see `sweep.ts`. */
  readonly sweepStep?: (work: TurnWork) => Promise<{ readonly more: boolean }>;
}

export interface TurnResult {
  readonly pages: number;
  /** New messages to deliver. */
  readonly messages: number;
  /** Milliseconds from the oldest new message's arrival to its record. */
  readonly lagMs?: number;
  /** Why the round of a folder was a plain listing. */
  readonly listed?: MailError;
  /** A sweep is under way: the next turn should come soon. */
  readonly more?: true;
}

/**
 * Walks every folder to the end of its round; one that fails by itself does not keep the others from theirs.
 * @throws MailError of Graph, the sign-in or the store: the first; what was recorded stays.
 */
export async function runTurn(options: TurnOptions): Promise<TurnResult> {
  const { session, clock, signal } = options;
  let pages = 0;
  const found: OpenEntry[] = [];
  const onPage = (fresh: readonly OpenEntry[]) => {
    pages += 1;
    found.push(...fresh);
  };
  let listed: MailError | undefined;
  const onListing = (why: MailError) => {
    listed ??= why;
  };
  await session.mailbox.tokens.get({ signal });
  await noteOwner(options);
  let failure: MailError | undefined;
  for (const folder of session.settings.folders) {
    try {
      await roundOfFolder({ ...options, folder, onPage, onListing });
    } catch (error) {
      if (!(error instanceof MailError) || !ofOneFolder.has(error.code)) throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  const swept = await options.sweepStep?.(options);
  const oldest = found.reduce((least, { receivedAt }) => Math.min(least, receivedAt), Number.POSITIVE_INFINITY);
  return {
    pages,
    messages: found.length,
    ...(found.length > 0 ? { lagMs: Math.max(0, clock.now() - oldest) } : {}),
    ...(listed ? { listed } : {}),
    ...(swept?.more ? { more: true } : {}),
  };
}

/** What can be the matter with one folder alone. */
const ofOneFolder: ReadonlySet<MailErrorCode> = new Set([
  "SYNC_FOLDER_NOT_FOUND",
  "SYNC_CURSOR_LOST",
  "SYNC_ROUND_LOOPED",
  "GRAPH_REFUSED",
  "GRAPH_NOT_FOUND",
  "GRAPH_BAD_RESPONSE",
  "STORE_RECORD_INVALID",
]);
