/**
 * One queue while this process owns it: its ledger, its dispatcher, its outbox and its way to the mailbox, put together.
 *
 * Invariant: opening takes the queue (its epoch rises) and does nothing else; `begin` feeds what the ledger holds to
 * the dispatcher and the outbox, and keeps a pause that Graph asked for before the restart.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { ContentBudget } from "../delivery/content-budget.js";
import type { Delivery } from "../delivery/delivery.js";
import { createDispatcher, type Dispatcher } from "../delivery/dispatcher.js";
import type { EmitDeliveryEvent } from "../delivery/events.js";
import type { IfChangedElsewhere } from "../delivery/foreign.js";
import { type Ledger, type LedgerOptions, openLedger } from "../delivery/ledger.js";
import type { OpenEntry } from "../delivery/ledger-record.js";
import { dispatcherOnDemand, outboxOnDemand } from "../delivery/on-demand.js";
import { createOutbox, type Outbox } from "../delivery/outbox.js";
import type { Solitude } from "../delivery/solitude.js";
import type { StormRule } from "../delivery/storm-rule.js";
import { createStorms } from "../delivery/storms.js";
import { readBar } from "../graph/bar.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import { createGate, type MailboxLimits } from "../graph/gate.js";
import type { Governor } from "../graph/governor.js";
import type { TokenSource } from "../graph/token.js";
import type { ContentOptions } from "../mailbox/content-options.js";
import { unwalked } from "../mailbox/cursor.js";
import { createFolderIds, type FolderIdOf } from "../mailbox/folder-ids.js";
import type { FolderOption } from "../mailbox/folder-name.js";
import { createMailboxContent, type MailboxContent } from "../mailbox/mailbox-content.js";
import { isEmptyMark, type Mark, type MarkAbilities } from "../mailbox/mark.js";
import { applyMarks } from "../mailbox/marker.js";
import { createPageSize, type PageSize } from "../mailbox/page-size.js";
import { findListed } from "../mailbox/presence.js";
import { mailboxAnswers, readMessages, readWithLess } from "../mailbox/reader.js";
import { createTargetFolders, type TargetFolders } from "../mailbox/target-folders.js";
import type { Store, Value } from "../state/store.js";
import type { EmitScheduleEvent } from "./events.js";
import { openFoundFolders } from "./found-folders.js";
import type { MailboxClaims } from "./mailbox-claims.js";
import { createMissingFolders, type MissingFolders } from "./missing-folders.js";
import type { Pacer } from "./pacer.js";
import { barKeyOf, pauseRecord } from "./pause-record.js";
import { readSpent, recordSpent, spentKey } from "./spent-record.js";
import { areDirect, directFolders, type WatchedFolders } from "./watched-folders.js";

/** Where a folder's first walk begins: what was there before is delivered all, if unread, if newer, or not at all. */
export type StartFrom = "now" | "unread" | "everything" | Date;

/** One queue as configured, with every default in place. */
export interface QueueSettings {
  readonly address: string;
  readonly account: string | undefined;
  readonly folders: readonly FolderOption[];
  readonly afterAck: Mark;
  readonly onQuarantine: Mark;
  readonly startFrom: StartFrom;
  readonly content: ContentOptions;
  readonly conversationOrder: "hold" | "release";
  readonly ifChangedElsewhere: IfChangedElsewhere;
  readonly pollIntervalMs: number;
  readonly minPollIntervalMs: number;
  readonly pageSize: number;
  readonly maxInFlight: number;
  readonly maxAttempts: number;
  readonly handlerTimeoutMs: number;
  readonly highWaterBytes: number;
  readonly maxMessageBytes: number;
  readonly storm: StormRule;
  readonly highWaterMessages: number;
  readonly sweepIntervalMs: number;
  readonly staleAfterMs: number;
  readonly lateAfterMs: number;
}

export interface SessionOptions {
  readonly settings: QueueSettings;
  readonly store: Store;
  readonly clock: Clock;
  readonly client: GraphClient;
  readonly tokens: TokenSource;
  readonly confirm?: LedgerOptions["confirm"];
  readonly mailboxLimits: MailboxLimits;
  /** Shared by all queues of the process. */
  readonly governor: Governor;
  /** Whether the cloud has delta rounds of mail folders. */
  readonly hasDelta: boolean;
  /** Whether headers that Graph's JSON does not have are read from the MIME. */
  readonly wantsHeaders: boolean;
  /** What marks can do in the cloud. */
  readonly abilities: MarkAbilities;
  readonly walkPacer: Pacer;
  /** Shared by all queues of the process. */
  readonly claims: MailboxClaims;
  /** Likewise. */
  readonly solitude: Solitude;
  /** Likewise. */
  readonly contentBudget: ContentBudget;
  readonly handOver: (delivery: Delivery) => Promise<unknown> | undefined;
  readonly emit: EmitScheduleEvent & EmitDeliveryEvent;
  /** The queue cannot go on in this process. */
  readonly onFailure: (error: MailError) => void;
}

export interface Session {
  readonly settings: QueueSettings;
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly outbox: Outbox;
  readonly mailbox: MailboxAccess;
  /** How many messages to ask for in a page of that folder: what is the matter with one folder makes no page of another smaller. */
  pageSizesOf(folder: string): PageSizes;
  readonly hasDelta: boolean;
  readonly walkPacer: Pacer;
  readonly claims: MailboxClaims;
  /** The folders' own ids by their names as configured, as far as they are known. */
  readonly folderIds: Map<string, string>;
  readonly folderIdOf: FolderIdOf;
  /** The folders that marks move to. */
  readonly targets: () => TargetFolders;
  /** By folder, since when rounds by delta met nothing but the server's trouble, epoch milliseconds; empty where one went well. */
  readonly troubleSince: Map<string, number>;
  readonly missing: MissingFolders;
  readonly watched: WatchedFolders;
  /** Object id of the mailbox's user as stored; empty until it was read. */
  owner: string | undefined;
  /** Goes on where the last owner ended. */
  begin(): void;
  /** Lets go of what an idle queue does without; called after a turn that found nothing. */
  rest(): void;
  /** Drains: first the handlers, then their marks, both before the deadline. */
  close(deadlineMs: number): Promise<void>;
  /** Ends at once, without a write. */
  abandon(reason: MailError): void;
}

/** Of rounds by delta, and of plain listings. */
interface PageSizes {
  readonly round: PageSize;
  readonly listing: PageSize;
}

/** The most that Graph gives in a page of a plain listing (api/user-list-messages). */
const longestListing = 1_000;
/** Marks get this share of a stop's deadline at the least, milliseconds. */
const leastMarkMs = 1_000;

/** @throws MailError `STORE_…` */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { settings, store, clock, client, tokens, emit, onFailure } = options;
  const queue = settings.address;
  const ledger = await openLedger({ store, clock, queue, confirm: options.confirm });
  const barKey = barKeyOf(ledger.queueKey);
  const [bar, spent] = await store.getMany([barKey, spentKey(ledger.queueKey)]);
  const ended = new AbortController();
  /** Empty until the first pause. */
  let record: ReturnType<typeof pauseRecord> | undefined;
  const gate = createGate({
    clock,
    queue,
    ...options.mailboxLimits,
    governor: options.governor,
    onBar(bar) {
      emit("queue:throttled", { queue, ...bar });
      const write = (value: Value) => ledger.write({ puts: [{ key: barKey, value }] });
      record ??= pauseRecord({ clock, of: queue, queue, signal: ended.signal, write, onFailure });
      record(bar);
    },
    spentBefore: readSpent(spent?.value, clock.now()),
    onSpent: (count) => recordSpent(count, { queue, ledger, clock, signal: ended.signal, onFailure }),
  });
  const kept = readBar(bar?.value, clock.now());

  const mailbox: MailboxAccess = {
    queue,
    root: settings.account === undefined ? "/me" : `/users/${encodeURIComponent(queue)}`,
    tokens,
    gate,
    counter: { requests: 0, parts: 0 },
  };
  const folderIds = new Map<string, string>();
  const pageSizes = new Map<string, PageSizes>();
  const folderIdOf = createFolderIds(client, mailbox, folderIds);
  const missing = createMissingFolders(clock);
  const { folders } = settings;
  const watched = areDirect(folders)
    ? directFolders(folders)
    : await openFoundFolders({ queue, folders, store, ledger, mailbox, folderIds, missing, begin: unwalked(settings) });
  /** Empty until a mark needs a folder, as it does in few queues. */
  let known: TargetFolders | undefined;
  const targets = () => {
    known ??= createTargetFolders(client, mailbox);
    return known;
  };
  /** Empty until something is delivered; hosts may ask it long after that. */
  let content: MailboxContent | undefined;
  function contentSource(): MailboxContent {
    content ??= createMailboxContent(client, mailbox);
    return content;
  }
  const outbox = outboxOnDemand(() =>
    createOutbox({
      queue,
      ledger,
      clock,
      emit,
      onFailure,
      apply: (orders, signal) => applyMarks(client, mailbox, orders, { signal, targets: targets() }),
      mailboxAnswers: (signal) => mailboxAnswers(client, mailbox, signal),
    }),
  );
  const storms = createStorms({ queue, rule: settings.storm, clock, emit });
  const dispatcher = dispatcherOnDemand(() =>
    createDispatcher({
      ...settings,
      queue,
      ledger,
      clock,
      emit,
      onFailure,
      solitude: options.solitude,
      contentBudget: options.contentBudget,
      abilities: options.abilities,
      handOver: options.handOver,
      afterAck: isEmptyMark(settings.afterAck) ? undefined : settings.afterAck,
      onQuarantine: isEmptyMark(settings.onQuarantine) ? undefined : settings.onQuarantine,
      read: (ids, signal) => readMessages(client, mailbox, { ids, content: settings.content, signal }),
      lookAt: ({ id }, signal) => readWithLess(client, mailbox, { id, content: settings.content, signal }),
      isListed: (entry, signal) => findListed(client, mailbox, { ...whereToLook(entry), content: settings.content }, signal),
      folderIdOf,
      meet: (entry, origin) => storms.meet(entry, origin),
      ownAddresses: () => [queue, tokens.ownerName ?? queue],
      folderName: (folder) => watched.nameOf(folder),
      watchedFolders: () => watched.all.map(({ key }) => key),
      contentSource: contentSource(),
      readHeaders: options.wantsHeaders ? (id, signal) => contentSource().headers(id, signal) : undefined,
      onMark: (entry) => outbox.add(entry),
    }),
  );

  return {
    settings,
    ledger,
    dispatcher,
    outbox,
    mailbox,
    pageSizesOf(folder) {
      const sizes = pageSizes.get(folder) ?? { round: createPageSize(settings.pageSize), listing: createPageSize(longestListing) };
      pageSizes.set(folder, sizes);
      return sizes;
    },
    hasDelta: options.hasDelta,
    walkPacer: options.walkPacer,
    claims: options.claims,
    folderIds,
    folderIdOf,
    targets,
    troubleSince: new Map(),
    missing,
    watched,
    owner: undefined,
    begin() {
      if (kept) gate.keep(kept);
      const open = [...ledger.open.values()];
      for (const entry of open) if (entry.state === "marking") outbox.add(entry);
      dispatcher.add(open.filter(({ state }) => state !== "marking"));
    },
    rest() {
      dispatcher.rest();
      outbox.rest();
      if (known?.isEmpty) known = undefined;
      storms.rest();
    },
    async close(deadlineMs) {
      const endsAt = clock.now() + deadlineMs;
      await dispatcher.stop(deadlineMs);
      content?.end(
        new MailError("LIFECYCLE_STOPPED", `${queue} has been let go of: no attachment and no MIME of it is fetched any more.`, { queue }),
      );
      await outbox.stop(Math.max(endsAt - clock.now(), Math.min(leastMarkMs, deadlineMs)));
      // What was given up is still under way: who takes the queue next begins after it, and the pause it is told is recorded.
      await gate.empty();
      await ledger.drain();
      options.claims.release(queue);
      ended.abort(new MailError("LIFECYCLE_STOPPED", `${queue} has been let go of.`, { queue }));
    },
    abandon(reason) {
      options.claims.release(queue);
      ended.abort(reason);
      content?.end(reason);
      dispatcher.abandon(reason);
      outbox.abandon(reason);
    },
  };
}

/** A message whose page did not say when it was received has the time it was found: then its whole folder is listed. */
function whereToLook({ id, folder, receivedAt, foundAt }: OpenEntry) {
  return { id, folder, receivedAt: receivedAt === foundAt ? undefined : receivedAt };
}
