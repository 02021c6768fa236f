import { describe, expect, it } from "vitest";
import { readAddress, readAddresses } from "../../../src/mailbox/mail-address.js";

const read = (name: string, address: string) => readAddress({ emailAddress: { name, address } });

describe("an address", () => {
  it.each<[name: string, address: string, expected: [name: string, address: string]]>([
    ["Jane", "jane@contoso.com", ["Jane", "jane@contoso.com"]],
    ["", "jane@contoso.com", ["", "jane@contoso.com"]],
    ["jane@contoso.com", "jane@contoso.com", ["jane@contoso.com", "jane@contoso.com"]],
    ["", '"Jane Doe" <jane@contoso.com>', ["Jane Doe", "jane@contoso.com"]],
    ["Jane", "Doe <jane@contoso.com>", ["Jane", "jane@contoso.com"]],
    ["", "<jane@contoso.com>", ["", "jane@contoso.com"]],
    ["", '"jane@contoso.com"', ["", "jane@contoso.com"]],
    ["'Jane'", "'jane@contoso.com'", ["Jane", "jane@contoso.com"]],
    ['"Doe, Jane"', " jane@contoso.com ", ["Doe, Jane", "jane@contoso.com"]],
    ["Jane", "mailto:jane@contoso.com", ["Jane", "jane@contoso.com"]],
    ["Jane", "<MAILTO:jane@contoso.com>", ["Jane", "jane@contoso.com"]],
    ["jane@contoso.com", "Jane", ["Jane", "jane@contoso.com"]],
    ["Jane <jane@contoso.com>", "", ["Jane", "jane@contoso.com"]],
    ["jane@contoso.com", "", ["", "jane@contoso.com"]],
    ["Jane", "jane@contoso.com\r\nBcc: all@contoso.com", ["Jane", "jane@contoso.comBcc: all@contoso.com"]],
    ["Jane", "/O=EXCHANGELABS/OU=X/CN=JANE", ["Jane", "/O=EXCHANGELABS/OU=X/CN=JANE"]],
    ["Jane", "", ["Jane", ""]],
    ["", "", ["", ""]],
    ["Undisclosed recipients:;", "", ["Undisclosed recipients:;", ""]],
    ["", "<>", ["", ""]],
    ["J\ud800", "j@contoso.com", ["J\ufffd", "j@contoso.com"]],
    ["\u202emoc.osotnoc", "j@contoso.com", ["\u202emoc.osotnoc", "j@contoso.com"]],
  ])("of the name %j and the address %j", (name, address, [expectedName, expectedAddress]) => {
    expect(read(name, address)).toEqual({ name: expectedName, address: expectedAddress });
  });

  it.each([null, undefined, 5, true, "x", [], {}, { emailAddress: null }, { emailAddress: 5 }])("is absent for %j", (value) => {
    expect(readAddress(value as never)).toBeUndefined();
  });

  it("is read without its wrapping and of a plain text too", () => {
    expect(readAddress({ name: "Jane", address: "jane@contoso.com" })).toEqual({ name: "Jane", address: "jane@contoso.com" });
    expect(readAddress("Jane <jane@contoso.com>")).toEqual({ name: "Jane", address: "jane@contoso.com" });
    expect(readAddress({ emailAddress: "jane@contoso.com" })).toEqual({ name: "", address: "jane@contoso.com" });
    expect(readAddress({ emailAddress: { name: null, address: 7 } })).toEqual({ name: "", address: "" });
  });

  it("of nothing but blanks behind a bracket is read in no time, in a list of five thousand too", () => {
    for (const blank of [" ", "\u00a0"]) {
      const hostile = `<${blank.repeat(1_990)}x`;
      const list = Array.from({ length: 5_000 }, () => ({ emailAddress: { name: hostile, address: hostile } }));
      const begun = performance.now();
      expect(readAddresses(list)).toHaveLength(5_000);
      expect(performance.now() - begun).toBeLessThan(5_000);
    }
  });

  it("of a megabyte, and lists of five thousand, are read in no time", () => {
    for (const piece of ["<", "a@", '"', "a <", "\t", "<a>"]) {
      const long = piece.repeat(1_000_000 / piece.length);
      expect(readAddress({ emailAddress: { name: long, address: long } })?.name).toBe(long);
    }
    const list = Array.from({ length: 5_000 }, (_, index) => ({
      emailAddress: { name: `"N ${index}"`, address: `<n${index}@contoso.com>` },
    }));
    const all = readAddresses(list);
    expect([all.length, all[4_999]]).toEqual([5_000, { name: "N 4999", address: "n4999@contoso.com" }]);
  });
});
