/**
 * Walks one page of a delta round over a folder's log.
 * Invariant: a page costs as much as the entries it walks; every entry of a window is looked at exactly once per round, whatever the
 * page sizes. What happens after a round began belongs to the next one. Knows no link and no JSON.
 */
import type { Change, FolderLog } from "../mailbox/folder-log.js";
import type { SyncState } from "../mailbox/sync-states.js";
import type { Random } from "../random.js";
import type { Quirks } from "../settings.js";

/** One item of a page. */
export interface ShownItem {
  readonly kind: "whole" | "part" | "removed";
  readonly change: Change;
  /** For "part": the selected properties that changed. */
  readonly properties: readonly string[];
}

/** How this page is asked for; may differ from page to page. */
export interface WalkOptions {
  readonly size: number;
  readonly immutableIds: boolean;
  readonly quirks: Quirks;
  readonly random: Random;
  selects(property: string): boolean;
}

/** Walks a page and tells where the next one begins. */
export function walkPage(log: FolderLog, state: SyncState, options: WalkOptions): { items: ShownItem[]; next: SyncState } {
  const { quirks, random, size } = options;
  const span = state.order?.length ?? state.end - state.start;
  const leftOver = state.walked < span && state.allowance !== 0;
  if (quirks.emptyPages && leftOver && state.emptyRun < 2 && random.chance(1 / 16)) {
    return { items: [], next: { ...state, emptyRun: state.emptyRun + 1 } };
  }

  const items: ShownItem[] = [];
  if (state.replay && state.replay.stay.until === undefined) items.push({ kind: "whole", change: state.replay, properties: [] });
  const replayed = items.length;
  let { walked, allowance } = state;
  while (items.length < size && walked < span && allowance !== 0) {
    const item = look(log, entryAt(log, state, walked, span), state, options);
    walked += 1;
    if (!item) continue;
    items.push(item);
    if (allowance !== undefined) allowance -= 1;
  }

  const done = walked >= span || allowance === 0;
  const fresh = items.slice(replayed).filter((item) => item.kind === "whole");
  let replay: Change | undefined;
  // Source: delta-query-overview, "replays": an item may come several times in a sequence.
  if (quirks.replays && fresh.length > 0 && random.chance(1 / 16)) {
    const again = random.pick(fresh);
    if (!done) replay = again.change;
    else if (items.length < size) items.push(again);
  }
  if (!state.order) random.shuffle(items);
  return { items, next: { ...state, walked, allowance, replay, emptyRun: 0, done } };
}

function entryAt(log: FolderLog, state: SyncState, walked: number, span: number): Change {
  if (state.order) return state.order[walked] as Change;
  return log.entries[state.backwards ? state.start + span - 1 - walked : state.start + walked] as Change;
}

function look(log: FolderLog, change: Change, state: SyncState, options: WalkOptions): ShownItem | undefined {
  if (state.first) return change.kind === "added" && isWanted(change, state) && !isKeptFromWalks(change, state) ? whole(change) : undefined;
  switch (change.kind) {
    case "added":
      if (state.changeType !== undefined && state.changeType !== "created") return undefined;
      return isWanted(change, state) && !isHidden(change, state, options) ? whole(change) : undefined;
    case "changed":
      if (state.changeType !== undefined && state.changeType !== "updated") return undefined;
      return lookAtChanged(change, state, options);
    case "removed":
      if (state.changeType !== undefined && state.changeType !== "deleted") return undefined;
      return cameBack(log, change, state) && options.immutableIds && !options.quirks.moveAwayAndBackHidden
        ? undefined
        : { kind: "removed", change, properties: [] };
  }
}

const whole = (change: Change): ShownItem => ({ kind: "whole", change, properties: [] });

/** Still here, and not shut out by a filter. */
function isWanted({ stay, message }: Change, { receivedFrom }: SyncState): boolean {
  return stay.until === undefined && (receivedFrom === undefined || message.receivedAt >= receivedFrom);
}

/** Came unseen, and nothing happened to it before the walk began. */
function isKeptFromWalks({ stay, after }: Change, { end }: SyncState): boolean {
  return stay.unseen?.walks === "hidden" && !(after && after.at < end);
}

/** Source: microsoft-graph-docs 21752. What left and came back under the same id within one window is merged to its removal. */
function isHidden(change: Change, { start }: SyncState, { immutableIds, quirks }: WalkOptions): boolean {
  const { before, stay } = change;
  if (stay.unseen) return true;
  return immutableIds && quirks.moveAwayAndBackHidden && before?.kind === "removed" && before.at >= start;
}

/** Here again, by an arrival that this round gives. */
function cameBack(log: FolderLog, { message }: Change, { end }: SyncState): boolean {
  const stay = log.stays.get(message);
  return stay !== undefined && stay.from < end && stay.unseen === undefined;
}

function lookAtChanged(change: Change, state: SyncState, options: WalkOptions): ShownItem | undefined {
  const { stay, after } = change;
  if (stay.until !== undefined) return undefined;
  // A later change within the window speaks for this one too.
  if (after && after.at < state.end) return undefined;
  const changed = new Set<string>();
  let one: Change | undefined = change;
  for (; one?.kind === "changed" && one.at >= state.start; one = one.before) for (const property of one.properties) changed.add(property);
  // Its arrival lies in the same window: given there as it is now.
  if (one?.kind === "added" && one.at >= state.start && !isHidden(one, state, options)) return undefined;
  const properties = [...changed].filter((property) => options.selects(property));
  if (properties.length === 0) return undefined;
  return options.quirks.partialItems ? { kind: "part", change, properties } : whole(change);
}
