/** Attachments as Microsoft published them, where a folder of examples lies beside the project; they are not part of it. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isObject, type JsonObject } from "../../../src/graph/wire.js";
import { attachedItem } from "../../../src/mailbox/attached-item.js";
import { listAttachments } from "../../../src/mailbox/attachment-list.js";
import { setUp } from "../graph/set-up.js";

const folder = new URL("../../../../shared/golden/", import.meta.url);
const present = existsSync(folder);
if (!present) console.log("Published examples of attachments: skipped, there is no folder of them beside the project.");

const body = (name: string) => (JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as { body: JsonObject }).body;
const ours = [
  ["attachment-get-09", "file"],
  ["attachment-get-11", "item"],
  ["attachment-get-17", "reference"],
] as const;

/** Names of properties with the types of their values, as of one that is there; what may be null is told by its name alone. */
function shape(json: JsonObject): Record<string, string> {
  const mayBeNull = new Set(["name", "contentType", "contentId", "contentLocation"]);
  const names = Object.keys(json).filter((name) => name !== "@odata.context" && name !== "@odata.mediaContentType");
  return Object.fromEntries(names.map((name) => [name, mayBeNull.has(name) ? "text or null" : typeof json[name]]));
}

describe.skipIf(!present)("a published example of an attachment", () => {
  it.each(ours)("is listed as what it is: %s, a %s", async (name, kind) => {
    const { client, mailbox, network, inTime } = await setUp();
    const example = body(name);
    network.fetch = async () => Response.json({ value: [example] });
    const listing = { messageId: "x", signal: new AbortController().signal, isFinal: () => false };
    const [listed] = await inTime(listAttachments(client, mailbox, listing));
    expect(listed).toMatchObject({
      kind,
      name: example.name,
      size: example.size,
      isInline: example.isInline,
      contentType: example.contentType ?? "",
    });
  });

  it.each(ours)("has the shape of the simulator's: %s, a %s", async (name, kind) => {
    const { client, mailbox, mail, inTime } = await setUp();
    const id = mail.deliver({ attachments: [kind === "item" ? { kind, item: { type: "message", message: {} } } : { kind }] });
    const call = { method: "GET", target: `/me/messages/${id}/attachments`, what: "attachments" } as const;
    const { value } = JSON.parse((await inTime(client.call(mailbox, call))).text) as { value: JsonObject[] };
    expect(shape(value[0] ?? {})).toEqual(shape(body(name)));
  });

  it.each(["attachment-get-13", "attachment-get-15"])(
    "of an attached mail is read, and has the shape of the simulator's: %s",
    async (name) => {
      const example = body(name);
      const item = isObject(example.item) ? example.item : {};
      expect(attachedItem(example)).toMatchObject({
        type: "message",
        message: { subject: item.subject, hasAttachments: item.hasAttachments },
      });
      const { client, mailbox, mail, inTime } = await setUp();
      const nested = { cc: [{ address: "a@example.org" }], attachments: item.hasAttachments ? [{}] : [] };
      const id = mail.deliver({ attachments: [{ kind: "item", item: { type: "message", message: nested } }] });
      const path = `/me/messages/${id}/attachments`;
      const get = async (target: string) =>
        JSON.parse((await inTime(client.call(mailbox, { method: "GET", target, what: "x" }))).text) as JsonObject;
      const [listed] = (await get(path)).value as JsonObject[];
      const got = await get(`${path}/${encodeURIComponent(String(listed?.id))}?$expand=microsoft.graph.itemattachment/item`);
      const names = (of: JsonObject) => Object.keys(isObject(of.item) ? of.item : {}).filter((one) => !one.endsWith("@odata.context"));
      expect(names(example).filter((one) => !names(got).includes(one))).toEqual([]);
    },
  );
});
