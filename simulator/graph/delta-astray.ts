/**
 * Delta pages that lead nowhere, when a fault wants them: loops and endless empty pages.
 * Invariant: such a page leaves the walk where it was, so that the walk goes on from there once the fault ends. Knows no JSON.
 * Source: microsoft-graph-docs 4897 (the same link), msgraph-sdk-dotnet 3082 (ever new links, the same items), microsoft-graph-docs 20637
 * (runs of empty pages).
 */
import type { FolderLog } from "../mailbox/folder-log.js";
import type { SyncState } from "../mailbox/sync-states.js";
import type { GraphCall } from "./call.js";
import { type ShownItem, type WalkOptions, walkPage } from "./delta-walk.js";

/** Whether a fault leads this request astray. */
export function isAstray({ astray }: GraphCall): boolean {
  return astray?.loop !== undefined || astray?.endless === true;
}

/** The page that leads to itself, or the empty one; the state stays as it is. */
export function walkAstray(
  log: FolderLog,
  state: SyncState,
  options: WalkOptions,
  { astray }: GraphCall,
): { items: ShownItem[]; next: SyncState } {
  if (astray?.endless) return { items: [], next: state };
  const steady = { ...options, quirks: { ...options.quirks, emptyPages: false, replays: false } };
  return { items: walkPage(log, state, steady).items, next: state };
}

/** The link that was followed. */
export function sameLink({ ask }: GraphCall): string {
  return `https://${ask.host}${ask.path}?${ask.query}`;
}
