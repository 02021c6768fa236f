/** The simulator's answers have the properties of Graph's published ones, of the same names and types, and no others. */
import { describe, expect, it } from "vitest";
import type { Json } from "../../../src/graph/wire.js";
import { goldenExample, goldenIsThere, shapeOf } from "../../support/golden.js";
import { createCaller, immutable, noChance } from "./caller.js";

/** Properties that only one side has, and why that is right. */
const known: Readonly<Record<string, string>> = {
  conversationIndex: "in api/resources/message since the examples were written",
  "value[].sizeInBytes": "in api/resources/mailfolder likewise",
  "@odata.type": "given in some answers to a move only",
  "value[].@odata.type": "of a search folder; the simulated mailbox of this test has none",
  "value[].isSupported": "likewise",
  "value[].filterQuery": "likewise",
};

/** What differs, as `path: theirs, ours`. The published body may be `shortened`, as its page says: then it may lack what ours has. */
function differences(name: string, ours: Json, { shortened = false } = {}): string[] {
  const published = shapeOf(goldenExample(name).body);
  const simulated = shapeOf(ours);
  return [...new Set([...published.keys(), ...simulated.keys()])]
    .filter((path) => !(path in known) && !(shortened && !published.has(path)))
    .map((path) => [path, published.get(path) ?? "absent", simulated.get(path) ?? "absent"] as const)
    .filter(([, theirs, mine]) => theirs !== mine && theirs !== "null" && mine !== "null")
    .map(([path, theirs, mine]) => `${path}: ${theirs}, ${mine}`);
}

async function scene() {
  const { ask, user } = await createCaller({ quirks: noChance });
  const ids = user.mailbox.deliverMany([{ headers: [{ name: "X", value: "y" }] }, {}, {}]);
  return { ask, id: ids[0] as string, ids, user };
}

describe.skipIf(!goldenIsThere)("the published shape", () => {
  it.each<[what: string, example: string, path: string, prefer?: string]>([
    ["a message", "message-get-04", ""],
    ["its headers", "message-get-06", "?$select=internetMessageHeaders"],
    ["its bodies", "message-get-08", "?$select=subject,body,bodyPreview,uniqueBody", 'outlook.body-content-type="text"'],
  ])("of %s is the simulator's", async (_, example, path, prefer) => {
    const { ask, id } = await scene();
    expect(differences(example, (await ask(`/me/messages/${id}${path}`, prefer === undefined ? {} : { prefer })).body)).toEqual([]);
  });

  it.each<[what: string, example: string, path: string]>([
    ["a list of messages", "user-list-messages-04", "/me/messages?$select=sender,subject"],
    ["a list of folders", "user-list-mailfolders-04", "/me/mailFolders"],
    ["a list of folders with the hidden ones", "user-list-mailfolders-06", "/me/mailFolders?includeHiddenFolders=true"],
  ])("of %s is the simulator's", async (_, example, path) => {
    const { ask } = await scene();
    const { body } = await ask(path);
    // A list may end on this page or not; both are published.
    delete body["@odata.nextLink"];
    expect(differences(example, body).filter((one) => !one.startsWith("@odata.nextLink"))).toEqual([]);
  });

  it("of a delta round's first pages, its last and the next round's is the simulator's", async () => {
    const { ask, ids, user } = await scene();
    const prefer = `${immutable}, odata.maxpagesize=1`;
    const first = (await ask("/me/mailFolders/inbox/messages/delta?$select=subject,sender,isRead", { prefer })).body;
    expect(differences("delta-messages-03", first)).toEqual([]);
    let page = (await ask(first["@odata.nextLink"], { prefer })).body;
    expect(differences("delta-messages-05", page)).toEqual([]);
    while (page["@odata.nextLink"] !== undefined) page = (await ask(page["@odata.nextLink"], { prefer })).body;
    // The last published page is a page with its message; ours may come after the last message.
    expect(differences("delta-messages-07", { ...page, value: first.value })).toEqual([]);
    user.mailbox.remove(ids[0] as string);
    user.mailbox.deliver();
    const next = (await ask(page["@odata.deltaLink"], { prefer: immutable })).body;
    expect(next.value).toHaveLength(2);
    // A slip of that page: everywhere else it is a boolean. What reads it takes both.
    expect(differences("delta-messages-09", next)).toEqual(["value[].isRead: string, boolean"]);
  });

  it("of the answers to a change and to a move is the simulator's", async () => {
    const { ask, id } = await scene();
    const changed = await ask(`/me/messages/${id}`, { method: "PATCH", body: { isRead: true } });
    expect(differences("message-update-03", changed.body, { shortened: true })).toEqual([]);
    const moved = await ask(`/me/messages/${id}/move`, { method: "POST", body: { destinationId: "archive" } });
    expect(differences("message-move-03", moved.body)).toEqual([]);
  });

  it("would be missed where a property is left out, added or of another type", async () => {
    const { ask, id } = await scene();
    const { subject: _, ...body } = (await ask(`/me/messages/${id}`)).body;
    expect(differences("message-get-04", body)).toEqual(["subject: string, absent"]);
    expect(differences("message-get-04", { ...body, subject: 5, more: [] })).toEqual(["subject: string, number", "more: absent, list"]);
  });
});
