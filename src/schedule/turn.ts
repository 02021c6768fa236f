/**
 * One turn of one queue: a round of each folder, then a step of its sweep. The only place that sees cursors, ledger and
 * deliveries together.
 *
 * Invariants: a folder that is not there, or cannot be read, keeps neither the others nor the sweep from theirs; a page's
 * cursor and its ledger entries are one commit, and only what is recorded is handed on.
 */
import type { MailError } from "../base/errors.js";
import type { OpenEntry } from "../delivery/ledger-record.js";
import { withWhatIsThere } from "../mailbox/folder-search.js";
import { mayBeOfOneFolder, toldOf } from "./failure.js";
import { roundOfFolder } from "./folder-round.js";
import type { TurnWork } from "./folder-work.js";
import { noteOwner } from "./mailbox-owner.js";
import type { MissingFolder } from "./missing-folders.js";

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
  /** Why a folder had no round: it is not there, or cannot be read, and is looked at more seldom than the others. */
  readonly missing?: MailError;
  /** A sweep is under way: the next turn should come soon. */
  readonly more?: true;
  /** As many messages wait for their delivery as may: the round of a folder goes on when there are fewer. */
  readonly unfinished?: true;
}

/**
 * Walks every folder to the end of its round; one that fails by itself is told and does not keep the others from theirs.
 * The turn fails with it only where no folder has had its round, or none is there.
 * @throws MailError of Graph, the sign-in or the store: the first; what was recorded stays.
 */
export async function runTurn(options: TurnOptions): Promise<TurnResult> {
  const { session, clock, signal } = options;
  let pages = 0;
  let messages = 0;
  let oldest = Number.POSITIVE_INFINITY;
  const onPage = (fresh: readonly OpenEntry[]) => {
    pages += 1;
    messages += fresh.length;
    for (const { receivedAt } of fresh) oldest = Math.min(oldest, receivedAt);
  };
  let listed: MailError | undefined;
  const onListing = (why: MailError) => {
    listed ??= why;
  };
  await session.mailbox.tokens.get({ signal });
  await noteOwner(options);
  let failure: MailError | undefined;
  let completed = 0;
  let unfinished = false;
  const { missing, watched } = session;
  const away: { readonly folder: string; readonly name: string; readonly error: MailError }[] = [];
  const noneIsThere = missing.count === watched.all.length;
  const done = new Set<string>();
  // Where one that was found is not there any more, a second look says what is there instead.
  for (let looks = 1, again = true; again; looks += 1) {
    again = false;
    for (const { key: folder, name, error: unfound, leaving } of await watched.look(options)) {
      if (done.has(folder) || (!noneIsThere && !missing.isDue(folder))) continue;
      done.add(folder);
      try {
        if (unfound) throw unfound;
        const end = await roundOfFolder({ ...options, folder, onPage, onListing });
        if (end === "unfinished") unfinished = true;
        else if (leaving) await watched.left(folder, options);
        missing.found(folder);
        completed += 1;
      } catch (error) {
        if (signal.aborted || !mayBeOfOneFolder(error)) throw error;
        const isGone = error.code === "SYNC_FOLDER_NOT_FOUND" && watched.isFound(folder);
        if (isGone && leaving) await watched.left(folder, options);
        else if (isGone && looks === 1) {
          again = true;
          done.delete(folder);
          watched.lookAgain();
        } else {
          away.push({ folder, name, error: await withWhatIsThere({ ...options, mailbox: session.mailbox }, name, error) });
          if (error.code !== "SYNC_FOLDER_NOT_FOUND") failure ??= error;
        }
      }
    }
  }
  // Where no folder has had its round the mailbox itself may be in trouble, and none is said to be by itself.
  const told = away
    .filter(({ error }) => completed > 0 || error.code === "SYNC_FOLDER_NOT_FOUND")
    .map(({ folder, name, error }) => ({ folder: name, ...missing.failed(folder, error) }));
  if (missing.error && missing.count === watched.all.length) throw missing.error;
  for (const one of told) tellMissing(options, one);
  if (failure && completed === 0) throw failure;
  const swept = unfinished ? undefined : await options.sweepStep?.({ ...options, urgency: "sweep" });

  if (messages === 0) session.rest();
  return {
    pages,
    messages,
    ...(messages > 0 ? { lagMs: Math.max(0, clock.now() - oldest) } : {}),
    ...(listed ? { listed } : {}),
    ...(missing.error ? { missing: missing.error } : {}),
    ...(swept?.more ? { more: true } : {}),
    ...(unfinished ? { unfinished } : {}),
  };
}

function tellMissing({ session, clock, emit }: TurnOptions, one: MissingFolder & { readonly folder: string }): void {
  const { folder, error, failures, nextTryAt } = one;
  emit("queue:failed", { queue: session.settings.address, folder, ...toldOf(error), failures, nextInMs: nextTryAt - clock.now() });
}
