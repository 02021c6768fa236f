/**
 * What others did to messages, as the rounds and sweeps show it. A message that waits for its delivery is looked at again
 * before it; of one that is settled, the state that Graph shows is compared with the mark that we made.
 *
 * Invariants: of settled mail only a state that differs from the mark is told, and never our own echo: delta may show a message as it was
 * before its mark, so a difference is looked at by id before it is believed. Each kind of change is told once a message.
 */
import { foreignChanges } from "../delivery/foreign.js";
import type { Known } from "../delivery/ledger.js";
import { type FinalEntry, type ForeignChange, finalKey, finalValue } from "../delivery/ledger-record.js";
import type { JsonObject, WireItem } from "../graph/wire.js";
import { readFolderName } from "../mailbox/folder-name.js";
import { lookAtMessages } from "../mailbox/look.js";
import { truth } from "../mailbox/message.js";
import type { TurnWork } from "./folder-work.js";

/** Those that wait for their delivery and are shown otherwise than they were found: they are looked at before it. */
export function refreshChanged({ session }: TurnWork, items: readonly WireItem[], known: ReadonlyMap<string, Known>): void {
  for (const { id, removed, properties } of items) {
    const open = known.get(id)?.open;
    if (!open || open.state === "marking") continue;
    const folderId = session.folderIds.get(open.folder);
    if (removed || foreignChanges(open, properties, { folderId, deletedItemsId: "" }).length > 0) session.dispatcher.refresh(id);
  }
}

/** Tells what differs. @throws MailError `GRAPH_…`, `STORE_…` */
export async function tellForeign(work: TurnWork, items: readonly WireItem[], known: ReadonlyMap<string, Known>): Promise<void> {
  const suspects = new Map<string, FinalEntry>();
  for (const { id, removed, properties } of items) {
    const final = known.get(id)?.final;
    if (!removed && final && (await confirmed(work, final, properties)).length > 0) suspects.set(id, final);
  }
  if (suspects.size === 0) return;
  const { session, client, signal } = work;
  const looks = await lookAtMessages(client, session.mailbox, { ids: [...suspects.keys()], signal });
  for (const [id, final] of suspects) {
    const look = looks.get(id);
    if (look?.found) await tell(work, id, final, await confirmed(work, final, look.item));
  }
}

async function tell({ session, emit }: TurnWork, id: string, final: FinalEntry, changes: readonly ForeignChange[]): Promise<void> {
  const { ledger, settings } = session;
  if (changes.length === 0 || ledger.open.has(id)) return;
  const noted: FinalEntry = { ...final, foreign: [...(final.foreign ?? []), ...changes] };
  await ledger.write({ puts: [{ key: finalKey(ledger.queueKey, id), value: finalValue(noted) }] });
  for (const change of changes) emit("message:changed-elsewhere", { queue: settings.address, id, change, settled: true });
}

/**
 * A message that lies where its mark put it was not moved by others, also when that folder is watched. The folder's id
 * is asked for once.
 */
async function confirmed(work: TurnWork, final: FinalEntry, item: JsonObject): Promise<ForeignChange[]> {
  const changes = differences(final, item);
  if (!changes.includes("moved")) return changes;
  const { moveTo = "", delete: away = false } = final.mark ?? {};
  // One that was deleted for good and can be looked at has been brought back.
  if (away === "permanently") return changes;
  const folderId = await targetIdOf(work, away ? "deleteditems" : moveTo);
  return folderId === undefined || item.parentFolderId === folderId ? changes.filter((change) => change !== "moved") : changes;
}

/** Nothing while it cannot be had. */
function targetIdOf({ session, signal }: TurnWork, moveTo: string): Promise<string | undefined> {
  const { base, below } = readFolderName(moveTo);
  return below.length === 0 ? session.folderIdOf(base, signal) : session.targets().lookUp(moveTo, signal);
}

/** How an item that lies in a watched folder differs from what its mark made of it; what the item does not say does not differ. */
function differences({ state, mark, markedAt, foreign = [] }: FinalEntry, item: JsonObject): ForeignChange[] {
  if (!mark || markedAt === undefined || (state !== "settled" && state !== "quarantined")) return [];
  const { isRead, categories } = item;
  const changes: ForeignChange[] = [];
  if (mark.markRead && isRead !== undefined && isRead !== null && !truth(isRead)) changes.push("unread");
  if (mark.moveTo !== undefined || mark.delete) changes.push("moved");
  if (Array.isArray(categories) && mark.addCategories?.some((name) => !categories.includes(name))) changes.push("categorised");
  return changes.filter((change) => !foreign.includes(change));
}
