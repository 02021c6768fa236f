/**
 * `$select` of messages: which properties an item carries, and the item's JSON.
 * Invariant: `id` is always given; a property unknown to the cloud is refused as Outlook refuses it. Knows no list.
 */
import type { SimulatedCloud } from "../cloud.js";
import type { StoredMessage } from "../mailbox/message.js";
import { changeKeyOf, defaultProperties, idOf, type MessageView, type PropertyWriter, selectableProperties } from "./message-property.js";
import { GraphRefusal } from "./refusal.js";

/** A `$select` as read. */
export interface MessageSelection {
  has(property: string): boolean;
  /** The item without braces, `@odata.etag` first. */
  write(message: StoredMessage, view: MessageView): string;
  /** The same with these properties only, as far as they are selected; `id` and `parentFolderId` always. */
  writePartly(message: StoredMessage, view: MessageView, properties: Iterable<string>): string;
}

/** Selections read before, by what the cloud lacks and the text; clients use few different ones. */
const known = new Map<string, MessageSelection>();

/** Reads `$select`; undefined gives the default set. Throws `GraphRefusal`. */
export function readSelection(
  text: string | undefined,
  { withoutProperties }: Pick<SimulatedCloud, "withoutProperties">,
): MessageSelection {
  const key = `${withoutProperties.join()}?${text ?? ""}`;
  const before = known.get(key);
  if (before) return before;
  const read = createSelection(text === undefined ? without(defaultProperties, withoutProperties) : parse(text, withoutProperties));
  if (known.size < 1000) known.set(key, read);
  return read;
}

/** No page tells that delta gives `uniqueBody` (message-delta); the harsher reading is that it says nothing and leaves it out. */
export function readDeltaSelection(text: string | undefined, { withoutProperties }: SimulatedCloud): MessageSelection {
  return readSelection(text?.replace(/(^|,)\s*uniqueBody\s*(?=,|$)/gi, "$1"), { withoutProperties });
}

function without(properties: ReadonlyMap<string, PropertyWriter>, names: readonly string[]): ReadonlyMap<string, PropertyWriter> {
  return new Map([...properties].filter(([name]) => !names.includes(name)));
}

function parse(text: string, absent: readonly string[]): ReadonlyMap<string, PropertyWriter> {
  const asked = new Set(
    text
      .split(",")
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== ""),
  );
  const chosen = new Map<string, PropertyWriter>();
  for (const [name, writer] of without(selectableProperties, absent)) {
    if (asked.delete(name.toLowerCase()) || name === "id") chosen.set(name, writer);
  }
  const [stranger] = asked;
  if (stranger !== undefined) {
    throw new GraphRefusal(
      400,
      "RequestBroker--ParseUri",
      `Could not find a property named '${stranger}' on type 'Microsoft.OutlookServices.Message'.`,
    );
  }
  return chosen;
}

/** Messages of a mailbox whose text is kept, counted from its first; more would cost more memory than they are worth. */
const keptTexts = 50_000;

function createSelection(chosen: ReadonlyMap<string, PropertyWriter>): MessageSelection {
  const writers = [...chosen.values()];
  const etag = (message: StoredMessage) => `"@odata.etag":"W/\\"${changeKeyOf(message)}\\""`;
  /** One mark for each view, by which a kept text is known again. */
  const marks = [{}, {}, {}, {}, {}, {}, {}, {}];

  function writeAnew(message: StoredMessage, view: MessageView): string {
    const properties = [etag(message)];
    for (const writer of writers) {
      const property = writer(message, view);
      if (property !== "") properties.push(property);
    }
    // Joined, not added up: a joined text is one piece, and is written out again without being put together again.
    return properties.join(",");
  }

  return {
    has: (property) => chosen.has(property),
    write(message, view) {
      const by = marks[(view.immutableIds ? 1 : 0) + (view.textBodies ? 2 : 0) + (view.unsafeHtml ? 4 : 0)] as object;
      const { written } = message;
      if (written?.by === by && written.version === message.version) return written.text;
      const text = writeAnew(message, view);
      if (message.number <= keptTexts) message.written = { by, version: message.version, text };
      return text;
    },
    writePartly(message, view, properties) {
      let json = `${etag(message)},"id":"${idOf(message, view)}","parentFolderId":"${message.folderId}"`;
      for (const name of properties) {
        const property = chosen.get(name)?.(message, view) ?? "";
        if (property !== "") json += `,${property}`;
      }
      return json;
    },
  };
}
