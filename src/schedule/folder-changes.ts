/**
 * Tells what has become of watched folders between two looks at them.
 *
 * Invariant: each change once; of a folder that was renamed or moved with all that is below it, only the topmost.
 */
import type { EmitScheduleEvent } from "./events.js";
import { type FolderRecord, type KeptFolder, keyOf } from "./folder-record.js";

export interface FolderComparison {
  readonly before: FolderRecord;
  readonly now: FolderRecord;
  /** Those of `now` that are there. */
  readonly found: readonly KeptFolder[];
}

export function tellChanges(emit: EmitScheduleEvent, queue: string, { before, now, found }: FolderComparison): void {
  const [top, ...below] = found;
  // The first look at another mailbox finds what was there before, as the first one below this folder does.
  if (before.anew) return;
  const isSame = before.folders.some((one) => top !== undefined && keyOf(one) === keyOf(top));
  if (top && !isSame) emit("queue:folder-changed", { queue, folder: top.name, change: "appeared" });
  if (top && isSame && now.path !== before.path) {
    emit("queue:folder-changed", { queue, folder: top.name, change: "moved", path: now.path ?? top.name });
  }
  if (!before.subtree) return;
  const names = new Map(before.folders.map(({ id, name }) => [id, name]));
  /** By the former name, the present one. */
  const renamed = new Map<string, string>();
  for (const { id, name } of below) {
    const former = names.get(id);
    if (former === undefined) emit("queue:folder-changed", { queue, folder: name, change: "appeared" });
    else if (former !== name) {
      renamed.set(former, name);
      const withParent = renamed.get(parentOf(former)) === parentOf(name) && lastOf(former) === lastOf(name);
      if (!withParent) emit("queue:folder-changed", { queue, folder: former, change: "moved", path: name });
    }
  }
}

function parentOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/"));
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf("/"));
}
