/**
 * One message: get, change, move, copy, delete.
 * Invariant: an answer shows the message as it is after the work; a message is found by either kind of id. Knows no list.
 */
import type { Account } from "../directory.js";
import type { Answer } from "../exchange.js";
import type { Folder } from "../mailbox/folder.js";
import type { Mailbox } from "../mailbox/mailbox.js";
import type { StoredMessage } from "../mailbox/message.js";
import { isImmutableId } from "../mailbox/message-ids.js";
import {
  answerJson,
  contextOf,
  folderIn,
  type GraphCall,
  type GraphWork,
  mailboxOf,
  ownerContext,
  readJsonBody,
  requireRoom,
} from "./call.js";
import { readableOf, requireChangeable, requireReadable } from "./damaged-message.js";
import { readMessageChange } from "./message-change.js";
import { changeKeyOf } from "./message-property.js";
import { readSelection } from "./message-selection.js";
import { readQuery } from "./query.js";
import { badRequest, GraphRefusal, notFound, unknownParameter } from "./refusal.js";

/** Answers `message`. */
export const answerMessage: GraphWork = (call) => {
  const { owner, mailbox } = mailboxOf(call);
  const select = readQuery(call.ask.query, ["$select"]).get("$select");
  const selection = readSelection(select, call.grant.cloud);
  const message = findMessage(call, mailbox);
  requireReadable(message, selection);
  return show(call, owner, message, 200, select);
};

/** Answers `patch`. */
export const answerPatch: GraphWork = (call) => {
  const { owner, mailbox } = mailboxOf(call, true);
  readQuery(call.ask.query, []);
  const change = readMessageChange(readJsonBody(call.ask), call.grant.cloud);
  const message = findMessage(call, mailbox);
  requireChangeable(message);
  requireRoom(mailbox);
  const expected = call.ask.headers["if-match"];
  if (expected !== undefined && expected !== "*" && expected !== `W/"${changeKeyOf(message)}"`) {
    throw new GraphRefusal(
      412,
      "ErrorIrresolvableConflict",
      "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.",
    );
  }
  mailbox.change(message, change);
  return show(call, owner, message, 200);
};

/** Answers `move`: 201 with the message, which has a new default id and keeps its immutable one. */
export const answerMove: GraphWork = (call) => {
  const { owner, mailbox, message, folder } = destined(call);
  mailbox.move(message, folder);
  return show(call, owner, message, 201);
};

/** Answers `copy`: 201 with the copy, which has ids of its own. */
export const answerCopy: GraphWork = (call) => {
  const { owner, mailbox, message, folder } = destined(call);
  return show(call, owner, mailbox.copy(message, folder), 201);
};

/** What `move` and `copy` are about. */
function destined(call: GraphCall): { owner: Account; mailbox: Mailbox; message: StoredMessage; folder: Folder } {
  const { owner, mailbox } = mailboxOf(call, true);
  readQuery(call.ask.query, []);
  const body = Object.entries(readJsonBody(call.ask));
  const stranger = body.find(([name]) => name.toLowerCase() !== "destinationid");
  if (stranger) throw unknownParameter(`the property "${stranger[0]}"`);
  const destination = body[0]?.[1];
  if (typeof destination !== "string") throw badRequest("The value for parameter 'DestinationId' is missing or is not a string.");
  const message = findMessage(call, mailbox);
  requireChangeable(message);
  const folder = folderIn(mailbox, destination);
  requireRoom(mailbox);
  return { owner, mailbox, message, folder };
}

/** Answers `delete`: to Deleted Items, and from there for good. */
export const answerDelete: GraphWork = (call) => {
  const { mailbox, message } = condemned(call);
  const bin = mailbox.folder("deleteditems") as Folder;
  if (message.folderId === bin.id) mailbox.remove(message);
  else mailbox.move(message, bin);
  return { status: 204, headers: {}, body: "" };
};

/** Answers `permanentDelete`: to Purges, wherever it lies, where no client reaches it (api/message-permanentdelete). */
export const answerPermanentDelete: GraphWork = (call) => {
  // A segment that the cloud's model does not have.
  if (!call.grant.cloud.permanentDelete) throw badRequest("Resource not found for the segment 'permanentDelete'.");
  const { mailbox, message } = condemned(call);
  mailbox.purge(message);
  return { status: 204, headers: {}, body: "" };
};

function condemned(call: GraphCall): { mailbox: Mailbox; message: StoredMessage } {
  const { mailbox } = mailboxOf(call, true);
  readQuery(call.ask.query, []);
  const id = call.route.message ?? "";
  // Source: msgraph-sdk-dotnet 3047. With an immutable id a vanished item gives 403 instead of 404.
  if (isImmutableId(id) && !mailbox.message(id)) throw new GraphRefusal(403, "ErrorCannotDeleteObject", "Object cannot be deleted.");
  const message = findMessage(call, mailbox);
  requireChangeable(message);
  return { mailbox, message };
}

function findMessage(call: GraphCall, mailbox: Mailbox): StoredMessage {
  const message = mailbox.message(call.route.message ?? "");
  if (!message) throw notFound();
  if (call.route.folder !== undefined && folderIn(mailbox, call.route.folder).id !== message.folderId) throw notFound();
  return message;
}

function show(call: GraphCall, owner: Account, message: StoredMessage, status: number, select?: string): Answer {
  const context = contextOf(
    call,
    `${ownerContext(owner)}/messages${select === undefined ? "" : `(${select.replaceAll('"', "")})`}/$entity`,
  );
  const selection = readSelection(select, call.grant.cloud);
  const item = message.damage
    ? selection.writePartly(message, call.preferences, readableOf(message.damage, selection))
    : selection.write(message, call.preferences);
  return answerJson(call, `{${context},${item}}`, status);
}
