/**
 * Plain lists of messages, of one folder or of the whole mailbox.
 * Invariant: an unfiltered page costs as much as the page, not as the folder; the newest come first unless ordered otherwise. Knows no delta.
 */

import type { StoredMessage } from "../mailbox/message.js";
import { placeOf } from "../mailbox/received-index.js";
import { answerJson, contextOf, folderIn, type GraphWork, mailboxOf, ownerContext } from "./call.js";
import { requireShowable } from "./damaged-message.js";
import { pageSizeOf } from "./folder-work.js";
import { readSelection } from "./message-selection.js";
import { queryFrom, readQuery, readSkip, readTop } from "./query.js";
import { type MessageFilter, readAscending, readFilter } from "./received-filter.js";

/** Answers `messages`. */
export const answerMessages: GraphWork = (call) => {
  const { owner, mailbox } = mailboxOf(call);
  const query = readQuery(call.ask.query, ["$top", "$skip", "$skiptoken", "$select", "$filter", "$orderby", "$count"]);
  const selection = readSelection(query.get("$select"), call.grant.cloud);
  const filter = readFilter(query.get("$filter"));
  const ascending = readAscending(query.get("$orderby"), filter);
  const skip = readSkip(query);
  // The default page of Outlook lists is 10; a preference alone sets it as well as $top does.
  const size = pageSizeOf(call, readTop(query, call.preferences.maxPageSize ?? 10));
  const source = call.route.folder === undefined ? mailbox : folderIn(mailbox, call.route.folder);

  const page = takePage(source.received.settled(), filter, ascending, skip, size);
  for (const message of page.messages) if (message.damage) requireShowable(message, selection);
  const folderPart = call.route.folder === undefined ? "" : `/mailFolders('${encodeURIComponent(call.route.folder)}')`;
  const head = [contextOf(call, `${ownerContext(owner)}${folderPart}/messages`)];
  if (query.get("$count") === "true") head.push(`"@odata.count":${countAll(source.received.settled(), filter)}`);
  if (page.more && !call.astray?.dropNextLink)
    head.push(`"@odata.nextLink":"https://${call.ask.host}${call.ask.path}?${queryFrom(query, skip + size)}"`);
  call.entry.ids = page.messages.map((message) => message.immutableId);
  const items = page.messages.map((message) => `{${selection.write(message, call.preferences)}}`);
  return answerJson(call, `{${head.join(",")},"value":[${items.join(",")}]}`);
};

function takePage(
  all: readonly StoredMessage[],
  filter: MessageFilter,
  ascending: boolean,
  skip: number,
  size: number,
): { messages: StoredMessage[]; more: boolean } {
  const low = filter.from === Number.NEGATIVE_INFINITY ? 0 : placeOf(all, filter.from);
  const high = filter.before === Number.POSITIVE_INFINITY ? all.length : placeOf(all, filter.before);
  const messages: StoredMessage[] = [];
  // Without a pick every place within the bounds counts, so the skipped ones need not be looked at.
  let toSkip = filter.picks ? skip : 0;
  let step = filter.picks ? 0 : skip;
  for (; step < high - low; step++) {
    const message = all[ascending ? low + step : high - 1 - step] as StoredMessage;
    if (filter.picks && !filter.passes(message)) continue;
    if (toSkip > 0) toSkip -= 1;
    else if (messages.length === size) return { messages, more: true };
    else messages.push(message);
  }
  return { messages, more: false };
}

function countAll(all: readonly StoredMessage[], filter: MessageFilter): number {
  return all.filter((message) => message.receivedAt >= filter.from && message.receivedAt < filter.before && filter.passes(message)).length;
}
