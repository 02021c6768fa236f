/** Names of attachments that a host may write to a disk. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { longestNameBytes, safeName, safeNames } from "../../../src/mailbox/safe-name.js";

describe("a safe name", () => {
  it.each([
    ["report.pdf", "report.pdf"],
    ["Rechnung März 2026.pdf", "Rechnung März 2026.pdf"],
    ["日本語.txt", "日本語.txt"],
    ["../../x", "_.._x"],
    ["..\\..\\x.exe", "_.._x.exe"],
    ["/etc/passwd", "_etc_passwd"],
    ["C:\\Windows\\a.dll", "C__Windows_a.dll"],
    [".", "attachment"],
    ["..", "attachment"],
    ["", "attachment"],
    [" . ", "attachment"],
    ["///", "attachment"],
    ["\u202e\u200b", "attachment"],
    ["CON", "_CON"],
    ["con.txt", "_con.txt"],
    ["Nul .tar.gz", "_Nul .tar.gz"],
    ["COM1", "_COM1"],
    ["lpt²", "_lpt²"],
    ["CONSOLE.txt", "CONSOLE.txt"],
    [".htaccess", "htaccess"],
    ["-rf", "_-rf"],
    ["name. . ", "name"],
    ["a\u0000b\u001b[31m\r\n.txt", "ab[31m.txt"],
    ["invoice\u202efdp.exe", "invoicefdp.exe"],
    ["a\u2028b.txt", "ab.txt"],
    ["lone \ud800.txt", "lone _.txt"],
    ["file.txt:stream", "file.txt_stream"],
    ["e\u0301.txt", "\u00e9.txt"],
  ])("of %j is %j", (given, expected) => {
    expect(safeName(given)).toBe(expected);
  });

  it("of a megabyte is short, made at once, and keeps its ending", () => {
    const name = safeName(`${"x".repeat(2 ** 20)}.pdf`);
    expect(Buffer.byteLength(name)).toBe(longestNameBytes - 1);
    expect(name).toMatch(/x\.pdf$/);
    expect(Buffer.byteLength(safeName(`${"ü".repeat(2 ** 20)}.pdf`))).toBeLessThanOrEqual(longestNameBytes);
    expect(safeName(`a.${"y".repeat(500)}`)).toHaveLength(longestNameBytes - 1);
  });
});

describe("names of one message", () => {
  it("are told apart by numbers, without regard to case", () => {
    expect(safeNames(["a.pdf", "A.PDF", "a.pdf", "a (2).pdf", "", ""])).toEqual([
      "a.pdf",
      "A (2).PDF",
      "a (3).pdf",
      "a (2) (2).pdf",
      "attachment",
      "attachment (2)",
    ]);
  });

  it("are found quickly when a thousand are the same", () => {
    expect(new Set(safeNames(Array.from({ length: 1_000 }, () => "same.bin"))).size).toBe(1_000);
  });

  const hard = fc.constantFrom(
    "/",
    "\\",
    "..",
    ".",
    " ",
    ":",
    "\u0000",
    "\u202e",
    "\u200d",
    "\ud800",
    "\udfff",
    "CON",
    "nul",
    "ü",
    "İ",
    "ﬁ",
    "ß",
    "🙂",
    "a",
  );
  const name = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(hard, { maxLength: 12 }).map((some) => some.join("")),
    fc.tuple(fc.array(hard, { maxLength: 4 }), fc.nat(400)).map(([some, count]) => some.join("").repeat(count)),
  );

  it("are safe and unique, whatever the mail says", () => {
    fc.assert(
      fc.property(fc.array(name, { maxLength: 20 }), (names) => {
        const safe = safeNames(names);
        expect(safe).toHaveLength(names.length);
        for (const one of safe) {
          expect(one).not.toMatch(/[/\\:*?"<>|]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
          expect(one).not.toMatch(/^[\s.]|[\s.]$|^$/u);
          expect(one).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)\s*(\.|$)/i);
          expect(Buffer.byteLength(one)).toBeLessThanOrEqual(longestNameBytes);
        }
        expect(new Set(safe.map((one) => one.normalize("NFC").toLowerCase())).size).toBe(names.length);
        expect(new Set(safe.map((one) => one.normalize("NFC").toUpperCase())).size).toBe(names.length);
      }),
      { numRuns: 300 },
    );
  });
});
