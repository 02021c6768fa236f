/**
 * What an item attachment holds, out of Graph's JSON: a mail, an event, a contact.
 *
 * Invariant: as well-formed as a message of the mailbox, whatever Graph sends. What is nested deeper stays in the MIME.
 */
import { isObject, type JsonObject, typeOf } from "../graph/wire.js";
import type { AttachedItem } from "./mail-content.js";
import { toMailMessage } from "./message.js";

/** The attachment as an answer with its item expanded. */
export function attachedItem({ item }: JsonObject): AttachedItem {
  const inside = isObject(item) ? item : {};
  const type = typeOf(inside)?.toLowerCase();
  if (type !== "message" && !type?.startsWith("eventmessage")) {
    const title = inside.subject ?? inside.displayName;
    return { type: type === "event" || type === "contact" ? type : "other", title: typeof title === "string" ? title : "" };
  }
  const mail = toMailMessage("", inside, { folder: "", receivedAt: 0 });
  const { internetMessageId, subject, from, to, cc, sentAt, body, preview, hasAttachments } = mail;
  return {
    type: "message",
    message: {
      ...(internetMessageId === undefined ? {} : { internetMessageId }),
      subject,
      ...(from ? { from } : {}),
      to,
      cc,
      ...(sentAt ? { sentAt } : {}),
      ...(body ? { body } : {}),
      preview,
      hasAttachments,
    },
  };
}
