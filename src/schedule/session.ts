/**
 * One queue while this process owns it: its ledger, its dispatcher, its outbox and its way to the mailbox, put together.
 *
 * Invariant: opening takes the queue (its epoch rises) and does nothing else; `begin` feeds what the ledger holds to
 * the dispatcher and the outbox, and keeps a pause that Graph asked for before the restart.
 */
import { MailError } from "../base/errors.js";
import { createDispatcher } from "../delivery/dispatcher.js";
import { createDoubts, type Doubts } from "../delivery/doubts.js";
import { openLedger } from "../delivery/ledger.js";
import type { OpenEntry } from "../delivery/ledger-record.js";
import { dispatcherOnDemand, outboxOnDemand } from "../delivery/on-demand.js";
import { createOutbox, type KeptMarks } from "../delivery/outbox.js";
import { createStorms } from "../delivery/storms.js";
import { readBar } from "../graph/bar.js";
import type { MailboxAccess } from "../graph/client.js";
import { createGate } from "../graph/gate.js";
import { unwalked } from "../mailbox/cursor.js";
import { createFolderIds } from "../mailbox/folder-ids.js";
import { createMailboxContent, type MailboxContent } from "../mailbox/mailbox-content.js";
import { isEmptyMark } from "../mailbox/mark.js";
import { applyMarks } from "../mailbox/marker.js";
import { createPageSize } from "../mailbox/page-size.js";
import { findListed } from "../mailbox/presence.js";
import { mailboxAnswers, readMessages, readWithLess } from "../mailbox/reader.js";
import { createTargetFolders, type TargetFolders } from "../mailbox/target-folders.js";
import type { Value } from "../state/store.js";
import { openFoundFolders } from "./found-folders.js";
import { createMissingFolders } from "./missing-folders.js";
import { barKeyOf, pauseRecord } from "./pause-record.js";
import type { PageSizes, Session, SessionOptions } from "./session-contract.js";
import { readSpent, recordSpent, spentKey } from "./spent-record.js";
import { areDirect, directFolders } from "./watched-folders.js";

export type { QueueSettings, Session, SessionMemory, SessionOptions, StartFrom } from "./session-contract.js";

/** The most that Graph gives in a page of a plain listing (api/user-list-messages). */
const longestListing = 1_000;
/** Marks get this share of a stop's deadline at the least, milliseconds. */
const leastMarkMs = 1_000;

/** @throws MailError `STORE_…` */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { settings, store, clock, client, tokens, emit, onFailure, memory } = options;
  const queue = settings.address;
  const ledger = await openLedger({ store, clock, queue, confirm: options.confirm });
  const barKey = barKeyOf(ledger.queueKey);
  const [bar, spent] = await store.getMany([barKey, spentKey(ledger.queueKey)]);
  const ended = new AbortController();
  /** Empty until the first pause. */
  let record: SessionOptions["recordPause"];
  const gate = createGate({
    clock,
    queue,
    ...options.mailboxLimits,
    confirm: options.confirmSend,
    governor: options.governor,
    onBar(bar) {
      emit("queue:throttled", { queue, ...bar });
      const write = (value: Value) => ledger.write({ puts: [{ key: barKey, value }] });
      record ??= options.recordPause ?? pauseRecord({ clock, of: queue, queue, signal: ended.signal, write, onFailure });
      void record(bar);
    },
    memory: memory?.gate,
    spentBefore: readSpent(spent?.value, clock.now(), memory?.gate?.at),
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
  const missing = createMissingFolders(clock, memory?.missing);
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
  let isLost = false;

  function end(reason: MailError): void {
    options.claims.release(queue);
    ended.abort(reason);
    content?.end(reason);
    outbox.abandon(reason);
  }

  /** For the first outbox alone: it is empty before another is made. */
  let marks = memory?.marks;
  function takeMarks(): KeptMarks | undefined {
    const taken = marks;
    marks = undefined;
    return taken;
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
      kept: takeMarks(),
    }),
  );
  /** Empty until something is delivered. */
  let doubts: Doubts | undefined;
  function doubtsOnDemand(): Doubts {
    doubts ??= createDoubts({
      clock,
      lookAt: ({ id }, signal) => readWithLess(client, mailbox, { id, content: settings.content, signal }),
      isListed: (entry, signal) => findListed(client, mailbox, { ...whereToLook(entry), content: settings.content }, signal),
      isOpen: (id) => ledger.open.has(id),
      kept: memory?.doubts,
    });
    return doubts;
  }
  const storms = createStorms({ queue, rule: settings.storm, clock, emit, flows: memory?.flows });
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
      insistWithinMs: options.insistWithinMs,
      handOver: options.handOver,
      afterAck: isEmptyMark(settings.afterAck) ? undefined : settings.afterAck,
      onQuarantine: isEmptyMark(settings.onQuarantine) ? undefined : settings.onQuarantine,
      read: (ids, signal) => readMessages(client, mailbox, { ids, content: settings.content, signal }),
      doubts: doubtsOnDemand(),
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
    troubleSince: new Map(memory?.troubleSince),
    storms,
    get doubts() {
      return doubts?.kept ?? [];
    },
    missing,
    watched,
    get isLost() {
      return isLost;
    },
    owner: undefined,
    begin() {
      for (const bar of [kept, options.bar]) if (bar) gate.keep(bar);
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
      if (!isLost) await dispatcher.stop(deadlineMs);
      content?.end(
        new MailError("LIFECYCLE_STOPPED", `${queue} has been let go of: no attachment and no MIME of it is fetched any more.`, { queue }),
      );
      await outbox.stop(Math.max(endsAt - clock.now(), Math.min(leastMarkMs, deadlineMs)));
      // What was given up is still under way: who takes the queue next begins after it, and the pause it is told is recorded.
      await gate.empty();
      if (!isLost) await ledger.drain();
      options.claims.release(queue);
      ended.abort(new MailError("LIFECYCLE_STOPPED", `${queue} has been let go of.`, { queue }));
    },
    lose(reason) {
      isLost = true;
      dispatcher.lose(reason);
      end(reason);
    },
    abandon(reason) {
      dispatcher.abandon(reason);
      end(reason);
    },
  };
}

/** A message whose page did not say when it was received has the time it was found: then its whole folder is listed. */
function whereToLook({ id, folder, receivedAt, foundAt }: OpenEntry) {
  return { id, folder, receivedAt: receivedAt === foundAt ? undefined : receivedAt };
}
