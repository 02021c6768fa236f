/** How a folder is named: every display name can be written as a part of a path, and one text has one reading. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { isCalled, isDirect, readFolderName, topFolder, writeBelow, writePath } from "../../../src/mailbox/folder-name.js";

const id = `AQMkADk5${"x".repeat(100)}AAA=`;
/** What Exchange lets a folder be called. */
const displayName = fc.string({ unit: "binary", minLength: 1, maxLength: 40 }).filter((name) => !/[\p{Cc}\ud800-\udfff]/u.test(name));

test("any names make a path that reads as these names, from the top and below a folder", () => {
  fc.assert(
    fc.property(fc.array(displayName, { minLength: 1, maxLength: 3 }), (names) => {
      expect(readFolderName(writePath(names))).toEqual({ base: topFolder, below: names });
      expect(readFolderName(names.reduce(writeBelow, "inbox"))).toEqual({ base: "inbox", below: names });
    }),
  );
});

test.each(["inbox", "JunkEmail", "msgfolderroot", id])("%s is what Graph can be asked by as it is", (text) => {
  expect(isDirect(text)).toBe(true);
  expect(readFolderName(text)).toEqual({ base: text, below: [] });
  expect(readFolderName(`${text}/A b`)).toEqual({ base: text, below: ["A b"] });
});

test("an id may hold slashes", () => {
  expect(readFolderName(id.replaceAll("x", "/"))).toEqual({ base: id.replaceAll("x", "/"), below: [] });
});

test.each([
  ["Complaints", ["Complaints"]],
  ["Posteingang/Müll %2F %25", ["Posteingang", "Müll / %"]],
  ["%69nbox", ["inbox"]],
  ["AQMkshort", ["AQMkshort"]],
])("%s is a path from the top", (text, below) => {
  expect(readFolderName(text)).toEqual({ base: topFolder, below });
});

test("a top-level folder that is called like a well-known one is written so that it is none", () => {
  expect(writePath(["Inbox", "inbox"])).toBe("%49nbox/inbox");
  const likeAnId = ["AQtion", "x".repeat(70)];
  expect(readFolderName(writePath(likeAnId))).toEqual({ base: topFolder, below: likeAnId });
});

test.each([
  ["a//b", /%2F/],
  ["/a", /%2F/],
  ["a/", /%2F/],
  ["50%", /%25/],
  ["a/%ZZ", /%25/],
  ["a%00b", /control/],
  ["\ud800", /halves/],
  ["x ".repeat(251), /500 bytes/],
])("%j is no name of a folder, and what is wrong is said", (text, said) => {
  expect(() => readFolderName(text)).toThrow(said);
});

test("names are compared as Exchange does: neither letter case nor the way an accent is written counts", () => {
  expect(isCalled("Beschwerden Müller", "beschwerden mu\u0308ller")).toBe(true);
  expect(isCalled("Beschwerden ", "Beschwerden")).toBe(false);
});
