/**
 * What becomes of requests that meet a damaged message.
 * Invariant: a request is refused before anything of it is done or kept, and costs one look at each message when none is damaged.
 * Knows no route.
 */
import type { Damage } from "../mailbox/damage.js";
import type { StoredMessage } from "../mailbox/message.js";
import { selectableProperties } from "./message-property.js";
import type { MessageSelection } from "./message-selection.js";
import { GraphRefusal } from "./refusal.js";

/** Throws when the message cannot be read by id with this selection. */
export function requireReadable({ damage }: StoredMessage, selection: MessageSelection): void {
  if (damage && selectedOf(selection).some(damage.spoils)) throw refusal(damage);
}

/** Throws when the message lets no change be made. */
export function requireChangeable({ damage }: StoredMessage): void {
  if (damage && !damage.changes) throw refusal(damage);
}

/** Throws when a page cannot show the message. `properties`: those it would show; default: all that are selected. */
export function requireShowable({ damage }: StoredMessage, selection: MessageSelection, properties?: readonly string[]): void {
  if (!damage || !(properties ?? selectedOf(selection)).some(damage.spoilsPage)) return;
  throw damage.page === 504 ? new GraphRefusal(504, "UnknownError", "") : new GraphRefusal(500, damage.code, words);
}

/** The names selected that can still be read of a damaged message. */
export function readableOf(damage: Damage, selection: MessageSelection): string[] {
  return selectedOf(selection).filter((name) => name !== "id" && name !== "parentFolderId" && !damage.spoils(name));
}

/** Throws when what the message has under this name cannot be read, as `attachments`. */
export function requireNotSpoilt({ damage }: StoredMessage, name: string): void {
  if (damage?.spoils(name)) throw refusal(damage);
}

/** The refusal of whatever is damaged so. */
export const damageRefusal = ({ status, code }: { status: number; code: string }) => new GraphRefusal(status, code, words);

const words = "The item is corrupt or its content could not be converted.";

function refusal(damage: Damage): GraphRefusal {
  return damageRefusal(damage);
}

function selectedOf(selection: MessageSelection): string[] {
  return [...selectableProperties.keys()].filter(selection.has);
}
