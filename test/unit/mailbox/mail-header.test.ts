import { describe, expect, it } from "vitest";
import { messageIds, readHeaders } from "../../../src/mailbox/mail-header.js";

const idsOf = (...values: string[]) =>
  messageIds(
    values.map((value) => ({ name: "References", value })),
    "references",
  );

describe("headers", () => {
  it("stay in their order, repeated ones kept, and well-formed", () => {
    const given = [{ name: "Received", value: "b" }, { name: "received", value: "a" }, { name: "X", value: "\udc00" }, null, { name: 5 }];
    expect(readHeaders(given)).toEqual([
      { name: "Received", value: "b" },
      { name: "received", value: "a" },
      { name: "X", value: "\ufffd" },
      { name: "", value: "" },
    ]);
    for (const none of [null, undefined, "x", {}, 5]) expect(readHeaders(none as never)).toEqual([]);
  });
});

describe("ids of other mails", () => {
  it.each<[value: string, ids: string[]]>([
    ["<1@a> <2@b>", ["<1@a>", "<2@b>"]],
    ["<1@a><2@b>", ["<1@a>", "<2@b>"]],
    ["<1@a>,\r\n\t<2@b>;<3@c>", ["<1@a>", "<2@b>", "<3@c>"]],
    ["<1-folded\r\n  -id@a>", ["<1-folded-id@a>"]],
    ["<1@a> (of <2@b>, and more) <3@c>", ["<1@a>", "<3@c>"]],
    ['"a <phrase@x>" <1@a>', ["<1@a>"]],
    ["Your message of Monday <1@a>", ["<1@a>"]],
    ["1@a 2@b", ["<1@a>", "<2@b>"]],
    ["1@a", ["<1@a>"]],
    ["<no at sign>", ["<noatsign>"]],
    ["<1@a", ["<1@a>"]],
    ["1@a>", ["<1@a>"]],
    ["message from jane@contoso.com of Monday", []],
    ["<>", []],
    ["<> <1@a>", ["<1@a>"]],
    ["", []],
    ["   ", []],
    ["words only", []],
  ])("in %j", (value, ids) => {
    expect(idsOf(value)).toEqual(ids);
  });

  it("are found in every header of that name, whatever its letter case, and in no other", () => {
    const headers = [
      { name: "REFERENCES", value: "<1@a>" },
      { name: "In-Reply-To", value: "<9@z>" },
      { name: "references", value: "<2@b>" },
    ];
    expect(messageIds(headers, "references")).toEqual(["<1@a>", "<2@b>"]);
    expect(messageIds(headers, "in-reply-to")).toEqual(["<9@z>"]);
  });

  it("in a megabyte of anything are read in no time", () => {
    for (const piece of ["<", "(", '"', "<1@a> ", "(<", "a@", " ", '\\"']) idsOf(piece.repeat(1_000_000 / piece.length));
    expect(idsOf("<1@a> ".repeat(200_000)).length).toBeGreaterThan(10_000);
  });
});
