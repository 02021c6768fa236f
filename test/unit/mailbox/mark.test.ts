/** Marks as they are configured: how a folder is named, and how one given with a settlement goes together with the queue's. */
import { describe, expect, it } from "vitest";
import { isFolderName, readFolderName } from "../../../src/mailbox/folder-name.js";
import { folderPath } from "../../../src/mailbox/folder-path.js";
import { type DeliveryMark, type Mark, mergedMark } from "../../../src/mailbox/mark.js";

describe("a path of folders", () => {
  it.each([
    ["Done", ["Done"]],
    ["Done/2026/Café au lait", ["Done", "2026", "Café au lait"]],
    ["A%2FB/50%25 off", ["A/B", "50% off"]],
    ["%252F", ["%2F"]],
    ["%2f", ["/"]],
  ])("%j names %j", (text, names) => {
    expect(folderPath(text)).toEqual(names);
  });
});

describe("the name of a folder", () => {
  const id = "AQMkADk5YTg0ZGZjLTIzMDktNGZiYy1hNTQ1LTk4ZmNiZGI5MGM0NQAuAAADqwAAAA==";
  it.each([
    ["archive", { key: "archive" }],
    ["DeletedItems", { key: "DeletedItems" }],
    [id, { key: id }],
    [id.replaceAll("T", "/"), { key: id.replaceAll("T", "/") }],
    [`Customers/${"Escalations".repeat(5)}`, { under: "msgfolderroot", path: ["Customers", "Escalations".repeat(5)] }],
    ["Done", { under: "msgfolderroot", path: ["Done"] }],
    ["Done/2026", { under: "msgfolderroot", path: ["Done", "2026"] }],
    ["inbox/Done", { under: "inbox", path: ["Done"] }],
    ["msgfolderroot/Archive/Old", { under: "msgfolderroot", path: ["Archive", "Old"] }],
    ["Work/archive", { under: "msgfolderroot", path: ["Work", "archive"] }],
  ])("%j is read as %j", (text, read) => {
    expect(readFolderName(text)).toEqual(read);
  });

  it.each(["", "/", "/Done", "Done/", "a//b", " ", "a/ /b", "50% off", "a%20b"])("%j is none", (text) => {
    expect(isFolderName(text)).toBe(false);
  });

  it.each(["Done", "a/b", "a%2fb", "a%25b", "Ärger & Lob", "  x "])("%j is one", (text) => {
    expect(isFolderName(text)).toBe(true);
  });
});

describe("a mark given for one message", () => {
  it.each<[string, Mark | undefined, DeliveryMark | undefined, Mark | undefined]>([
    ["none: the queue's", { markRead: true }, undefined, { markRead: true }],
    ["an empty one: the queue's", { markRead: true, moveTo: "a" }, {}, { markRead: true, moveTo: "a" }],
    [
      "takes the place of what it names and leaves the rest",
      { markRead: true, moveTo: "a" },
      { moveTo: "b" },
      { markRead: true, moveTo: "b" },
    ],
    ["takes the place of categories whole", { addCategories: ["A"] }, { addCategories: ["B"] }, { addCategories: ["B"] }],
    ["a move takes the place of a deletion", { delete: true, flag: true }, { moveTo: "b" }, { flag: true, moveTo: "b" }],
    ["a deletion takes the place of a move", { moveTo: "a" }, { delete: "permanently" }, { delete: "permanently" }],
    ["moveTo: false leaves it where it is", { markRead: true, moveTo: "a" }, { moveTo: false }, { markRead: true }],
    ["delete: false leaves it where it is", { markRead: true, delete: true }, { delete: false }, { markRead: true, delete: false }],
    ["delete: false does not end a move", { moveTo: "a" }, { delete: false }, { moveTo: "a", delete: false }],
    ["moveTo: false does not end a deletion", { delete: true }, { moveTo: false }, { delete: true }],
    [
      "keeps what the queue says of making folders",
      { moveTo: "a", createFolder: true },
      { moveTo: "b" },
      { moveTo: "b", createFolder: true },
    ],
    ["where the queue has none", undefined, { flag: true }, { flag: true }],
    ["that leaves nothing to do is none", { markRead: true }, { markRead: false }, undefined],
    ["of nothing where the queue has none is none", undefined, {}, undefined],
  ])("%s", (_, ofQueue, given, merged) => {
    expect(mergedMark(ofQueue, given)).toEqual(merged);
  });
});
