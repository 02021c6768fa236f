/** What counts as a change by somebody else, and what does not. */
import { describe, expect, test } from "vitest";
import { actionFor, foreignChanges, placesOf } from "../../../src/delivery/foreign.js";
import type { JsonObject } from "../../../src/graph/wire.js";

const places = { folderId: "F-inbox", deletedItemsId: "F-deleted" };
const unread = { isRead: false, parentFolderId: "F-inbox", categories: [] };
const changes = (item: JsonObject, entry: Parameters<typeof foreignChanges>[0] = {}) =>
  foreignChanges({ wasRead: false, ...entry }, item, places);

test.each<[string, JsonObject, readonly string[]]>([
  ["nothing changed", unread, []],
  ["read", { ...unread, isRead: true }, ["read"]],
  ["read, told as a text", { ...unread, isRead: "True" }, ["read"]],
  ["moved to another folder", { ...unread, parentFolderId: "F-other" }, ["moved"]],
  ["moved to Deleted Items", { ...unread, parentFolderId: "F-deleted" }, ["deleted"]],
  ["categorised", { ...unread, categories: ["Urgent"] }, ["categorised"]],
  ["all at once", { isRead: true, parentFolderId: "F-deleted", categories: ["Urgent"] }, ["read", "deleted", "categorised"]],
])("%s", (_, item, expected) => {
  expect(changes(item)).toEqual(expected);
});

test.each<[string, JsonObject]>([
  ["nothing", {}],
  ["null", { isRead: null, parentFolderId: null, categories: null }],
  ["what is no list and no text", { parentFolderId: 7, categories: "Urgent" }],
])("an item that brings %s says nothing", (_, item) => {
  expect(changes(item)).toEqual([]);
  expect(changes(item, { wasRead: true })).toEqual([]);
});

test("what was read when it was found is not read by somebody since, but it can be unread again", () => {
  expect(changes({ isRead: true }, { wasRead: true })).toEqual([]);
  expect(changes({ isRead: false }, { wasRead: true })).toEqual(["unread"]);
});

test("where it was not said at the finding whether it was read, nothing is said of it", () => {
  expect(foreignChanges({}, { isRead: true }, places)).toEqual([]);
  expect(foreignChanges({}, { isRead: false }, places)).toEqual([]);
});

test("what was told is not told again, and something else is", () => {
  const item = { isRead: true, categories: ["Urgent"] };
  expect(changes(item, { foreign: ["read"] })).toEqual(["categorised"]);
  expect(changes(item, { foreign: ["read", "categorised"] })).toEqual([]);
});

test("a replayed message may have marks of ours, so nothing is said of it", () => {
  expect(changes({ isRead: true, parentFolderId: "F-other", categories: ["Done"] }, { replayedAt: 1 })).toEqual([]);
});

test("as long as a folder's id is not known, nothing is said of a move", () => {
  const item = { parentFolderId: "F-other" };
  expect(foreignChanges({}, item, { folderId: undefined, deletedItemsId: "F-deleted" })).toEqual([]);
  expect(foreignChanges({}, item, { folderId: "F-inbox", deletedItemsId: undefined })).toEqual([]);
});

describe("the ids that are needed", () => {
  const watchedId = "AQMk".padEnd(100, "x");
  const ids: Record<string, string> = { inbox: "F-inbox", deleteditems: "F-deleted", junkemail: "F-junk" };
  const asked = async (item: JsonObject) => {
    const names: string[] = [];
    const found = await placesOf(item, { folder: "inbox", watched: ["junkemail", "inbox", watchedId] }, async (name) => {
      names.push(name);
      return ids[name];
    });
    return { names, found };
  };

  test.each<[string, JsonObject, readonly string[]]>([
    ["none for an item without its folder", {}, []],
    ["its folder's for one that is still there", { parentFolderId: "F-inbox" }, ["inbox"]],
    ["that of Deleted Items too for one that lies there", { parentFolderId: "F-deleted" }, ["inbox", "deleteditems"]],
    [
      "those of the other watched folders too, but for ids, for one that has moved",
      { parentFolderId: "F-other" },
      ["inbox", "deleteditems", "junkemail"],
    ],
    ["no more where a watched folder is named by the very id", { parentFolderId: watchedId }, ["inbox", "deleteditems"]],
  ])("are %s", async (_, item, names) => {
    expect((await asked(item)).names).toEqual(names);
  });

  test.each([["F-junk"], [watchedId]])("are such that another watched folder (%s) is no other place", async (parentFolderId) => {
    const { found } = await asked({ parentFolderId });
    expect(foreignChanges({}, { parentFolderId }, found)).toEqual([]);
    expect(foreignChanges({}, { parentFolderId: "F-other" }, (await asked({ parentFolderId: "F-other" })).found)).toEqual(["moved"]);
  });

  test("are given as they are known", async () => {
    expect((await asked({ parentFolderId: "F-other" })).found).toEqual(places);
  });
});

test("a rule decides for its own kind of change; without one, and for unread, the message is delivered", () => {
  const kinds = ["read", "unread", "moved", "deleted", "categorised"] as const;
  expect(kinds.map((kind) => actionFor(kind, {}))).toEqual(kinds.map(() => "deliver"));
  for (const kind of ["read", "moved", "deleted", "categorised"] as const) {
    expect(kinds.filter((other) => actionFor(other, { [kind]: "skip" }) === "skip")).toEqual([kind]);
  }
});
