/**
 * `…/messages/delta`: opens the state a token names or begins a new one, walks a page, keeps the new state, gives the link.
 * Invariant: every answered page makes a new generation; a page has a nextLink or a deltaLink, never both. Knows no log entry's inside.
 */
import type { Folder } from "../mailbox/folder.js";
import type { Change } from "../mailbox/folder-log.js";
import type { Mailbox } from "../mailbox/mailbox.js";
import type { SyncState } from "../mailbox/sync-states.js";
import { answerJson, contextOf, folderIn, type GraphCall, type GraphWork, mailboxOf } from "./call.js";
import { requireShowable } from "./damaged-message.js";
import { isAstray, sameLink, walkAstray } from "./delta-astray.js";
import { deltaTokenOf, spellDeltaLink } from "./delta-link.js";
import { type ShownItem, walkPage } from "./delta-walk.js";
import { idOf } from "./message-property.js";
import { type MessageSelection, readDeltaSelection, readSelection } from "./message-selection.js";
import { type GraphQuery, readQuery, readTop } from "./query.js";
import { readDeltaFilter } from "./received-filter.js";
import { badQuery, badRequest, GraphRefusal, quotaExceeded } from "./refusal.js";

/** Source: delta-query-messages ("returns only up to 5,000 messages"); the cut is silent. */
const filterCap = 5000;
/** The maximum is not documented; plain lists take 1,000. */
const largestPage = 1000;

/** Answers `delta`. */
export const answerDelta: GraphWork = (call) => {
  const { mailbox } = mailboxOf(call);
  if (call.route.folder === undefined || !call.grant.cloud.delta) {
    throw badRequest("Unsupported request: Change tracking is not supported against 'microsoft.graph.message'.");
  }
  const query = readQuery(call.ask.query, ["$select", "$filter", "$orderby", "$top", "changeType", "$skiptoken", "$deltatoken"]);
  const token = deltaTokenOf(query);
  const folder = token === "" ? folderIn(mailbox, call.route.folder) : folderOfLink(mailbox, call.route.folder);
  // The state of a walk is kept inside the mailbox, so a full one has no room for it.
  if (mailbox.full) throw quotaExceeded("Mailbox has exceeded maximum mailbox size.");
  const state = token === "" ? beginFirst(folder, query, call) : resume(folder, token, query, call);

  const selection = readDeltaSelection(state.select, call.grant.cloud);
  const options = {
    size: Math.min(call.preferences.maxPageSize ?? 10, largestPage),
    immutableIds: call.preferences.immutableIds,
    quirks: call.settings.quirks,
    random: call.random,
    selects: selection.has,
  };
  const { items, next } = isAstray(call) ? walkAstray(folder.log, state, options, call) : walkPage(folder.log, state, options);
  for (const { kind, change, properties } of items) {
    if (change.message.damage && kind !== "removed") requireShowable(change.message, selection, kind === "part" ? properties : undefined);
  }
  const circles = call.astray?.loop === "same-link" && token !== "";
  const link = circles ? sameLink(call) : spellDeltaLink(call, folder, folder.syncStates.keep(next), next.done);
  call.entry.ids = items.filter((item) => item.kind !== "removed").map((item) => item.change.message.immutableId);
  call.entry.round = next.done ? "done" : "more";
  const written = items.map((item) => write(item, selection, call)).join(",");
  return answerJson(
    call,
    `{${contextOf(call, "Collection(message)")},"@odata.${next.done ? "deltaLink" : "nextLink"}":"${link}","value":[${written}]}`,
  );
};

/** A link whose folder was deleted names it by a code of its own (response codes of EWS; alcion/corso). */
function folderOfLink(mailbox: Mailbox, key: string): Folder {
  const folder = mailbox.folder(key);
  if (folder) return folder;
  throw new GraphRefusal(404, "ErrorSyncFolderNotFound", "The folder that is being synchronized does not exist.");
}

function beginFirst(folder: Folder, query: GraphQuery, call: GraphCall): SyncState {
  const select = query.get("$select");
  readSelection(select, call.grant.cloud);
  const changeType = query.get("changeType");
  if (changeType !== undefined && !["created", "updated", "deleted"].includes(changeType))
    throw badQuery(`Invalid value '${changeType}' for changeType.`);
  const orderBy = query.get("$orderby")?.trim();
  if (orderBy !== undefined && orderBy !== "receivedDateTime desc") throw badQuery(`The '$orderby' value '${orderBy}' is not supported.`);
  const filter = query.get("$filter");
  const receivedFrom = filter === undefined ? undefined : readDeltaFilter(filter);
  const caps = [filter === undefined ? undefined : filterCap, query.has("$top") ? readTop(query, 10) : undefined].filter(
    (cap) => cap !== undefined,
  );
  const end = folder.log.told;
  return {
    select,
    changeType,
    receivedFrom,
    first: true,
    start: 0,
    end,
    walked: 0,
    backwards: call.random.chance(1 / 2),
    order: orderBy === undefined ? undefined : newestFirst(folder, end),
    // `$top` cuts the whole round silently (Wino-Mail PR 716, microsoft-graph-docs 2232).
    allowance: caps.length > 0 ? Math.min(...caps) : undefined,
    replay: undefined,
    emptyRun: 0,
    done: false,
  };
}

function newestFirst(folder: Folder, end: number): Change[] {
  const told = [...folder.log.stays.values()].filter((stay) => stay.from < end);
  const present = told.map((stay) => folder.log.entries[stay.from] as Change);
  return present.sort((one, other) => other.message.receivedAt - one.message.receivedAt);
}

function resume(folder: Folder, token: string, query: GraphQuery, call: GraphCall): SyncState {
  const repeated = [...query.keys()].find((name) => name !== "$skiptoken" && name !== "$deltatoken");
  if (repeated !== undefined) throw badQuery(`The query parameter '${repeated}' is encoded in the token and must not be repeated.`);
  const state = folder.syncStates.open(token);
  if (state === "malformed") throw new GraphRefusal(400, "SyncStateInvalid", "The sync state is invalid.");
  if ("lostGeneration" in state) {
    // A Location with an empty token comes in some reports and not in others (delta-query-overview; microsoft-graph-docs 2350).
    const location = call.random.chance(1 / 2) ? { location: `https://${call.ask.host}${call.ask.path}?$deltatoken=` } : {};
    throw new GraphRefusal(410, "SyncStateNotFound", folder.syncStates.lostText(state.lostGeneration), location);
  }
  call.entry.walk = state.done ? "delta" : "next";
  if (!state.done) return state;
  return {
    ...state,
    first: false,
    start: state.end,
    end: folder.log.told,
    walked: 0,
    backwards: false,
    order: undefined,
    allowance: undefined,
    replay: undefined,
    emptyRun: 0,
    done: false,
  };
}

function write({ kind, change, properties }: ShownItem, selection: MessageSelection, { preferences }: GraphCall): string {
  const type = '"@odata.type":"#microsoft.graph.message"';
  if (kind === "removed") {
    const id = preferences.immutableIds ? idOf(change.message, preferences) : change.defaultId;
    return `{${type},"id":"${id}","@removed":{"reason":"deleted"}}`;
  }
  const item =
    kind === "whole" ? selection.write(change.message, preferences) : selection.writePartly(change.message, preferences, properties);
  return `{${type},${item}}`;
}
