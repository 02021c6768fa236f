/** Marks as they are configured: what can be one, and how one given with a settlement goes together with the queue's. */
import { describe, expect, it } from "vitest";
import { clouds } from "../../../src/base/cloud.js";
import { checkedMark, type DeliveryMark, type Mark, mergedMark } from "../../../src/mailbox/mark.js";

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

describe("a folder to move to", () => {
  it.each(["archive", "Done/2026", "inbox/Done", "%61rchive", "R%2FD/50%25", `${"AQMkADk5".repeat(10)}AAA=`])(
    "may be called %j",
    (moveTo) => {
      expect(checkedMark({ moveTo }, clouds.global)).toEqual({ moveTo });
    },
  );

  it.each([
    ["", "without an empty part"],
    ["/Done", "without an empty part"],
    ["Done//2026", "without an empty part"],
    ["50% off", "write `%25`"],
    [" ", "without blank names"],
    ["Done/ ", "without blank names"],
  ])("may not be called %j", (moveTo, said) => {
    expect(() => checkedMark({ moveTo }, clouds.global)).toThrow(said);
    expect(() => checkedMark({ moveTo }, clouds.global)).toThrow("`mark.moveTo`");
  });
});
