import { describe, expect, it } from "vitest";
import { type AutomaticClues, automaticOf } from "../../../src/mailbox/automatic.js";

const jane = { name: "Jane", address: "jane@contoso.com" };
const own = ["Support@Contoso.com", "help@contoso.com"];
const verdict = (clues: Partial<AutomaticClues>) => automaticOf({ headers: [], from: jane, replyTo: [], ...clues }, own);
const withHeaders = (...pairs: readonly [name: string, value: string][]) =>
  verdict({ headers: pairs.map(([name, value]) => ({ name, value })) });
const from = (address: string, name = "") => verdict({ from: { name, address } });

describe("a mail of a person", () => {
  it.each<[name: string, value: string]>([
    ["Auto-Submitted", "no"],
    ["Auto-Submitted", "NO"],
    ["Auto-Submitted", "no; owner-email=jane@contoso.com"],
    ["Auto-Submitted", "no (a person wrote this)"],
    ["Auto-Submitted", "(a comment first) no"],
    ["Auto-Submitted", ""],
    ["Precedence", "first-class"],
    ["Precedence", "normal"],
    ["X-Auto-Response-Suppress", "None"],
    ["X-Auto-Response-Suppress", "DR, RN, NRN"],
    ["X-Auto-Response-Suppress", "NDR"],
    ["X-Autoreply", "no"],
    ["X-Autorespond", "false"],
    ["Content-Type", 'multipart/mixed; boundary="report"'],
    ["Content-Type", "text/plain; name=multipart/report"],
    ["Return-Path", "jane@contoso.com"],
    ["Return-Path", "<jane@contoso.com>"],
    ["X-MS-Exchange-Inbox-Rules-Loop", "jane@contoso.com"],
    ["Subject", "Out of office: automatic reply, Undeliverable"],
    ["X-List-Id-Like", "x"],
  ])("is not automatic by %s: %s", (name, value) => {
    expect(withHeaders([name, value])).toBeUndefined();
  });

  it.each(["jane@contoso.com", "postmaster.general@contoso.com", "noreply@shop.example", "", "not an address"])(
    "is not automatic for its sender %j",
    (address) => {
      expect(from(address, "Jane")).toBeUndefined();
    },
  );

  it("is not automatic where nothing is known of it", () => {
    expect(automaticOf({ headers: [], replyTo: [] }, own)).toBeUndefined();
  });
});

describe("a mail of a program", () => {
  it.each<[name: string, value: string, reason: string]>([
    ["Content-Type", 'multipart/report; report-type=delivery-status; boundary="x"', "delivery-report"],
    ["content-type", "Multipart/Report;\r\n report-type=disposition-notification", "delivery-report"],
    ["X-Failed-Recipients", "gone@contoso.com", "delivery-report"],
    ["X-MS-Exchange-Message-Is-Ndr", "", "delivery-report"],
    ["Return-Path", "<>", "delivery-report"],
    ["Return-Path", "  < > ", "delivery-report"],
    ["Auto-Submitted", "auto-replied", "auto-reply"],
    ["AUTO-SUBMITTED", "Auto-Replied (vacation)", "auto-reply"],
    ["Auto-Submitted", "auto-replied; owner-email=jane@contoso.com", "auto-reply"],
    ["Auto-Submitted", "(rfc3834) auto-replied", "auto-reply"],
    ["Precedence", "auto_reply", "auto-reply"],
    ["X-Autoreply", "yes", "auto-reply"],
    ["X-Autorespond", "Re: your order", "auto-reply"],
    ["X-Autoreply-From", "jane@contoso.com", "auto-reply"],
    ["X-Mail-Autoreply", "true", "auto-reply"],
    ["Auto-Submitted", "auto-generated", "auto-generated"],
    ["Auto-Submitted", "auto-notified; owner-email=x", "auto-generated"],
    ["Auto-Submitted", "something-of-a-later-standard", "auto-generated"],
    ["List-Id", "News <news.contoso.com>", "list"],
    ["List-Unsubscribe", "<mailto:leave@contoso.com>", "list"],
    ["List-Post", "NO", "list"],
    ["Precedence", "list", "list"],
    ["Precedence", "bulk", "bulk"],
    ["Precedence", "Junk", "bulk"],
    ["X-Auto-Response-Suppress", "All", "no-replies"],
    ["X-Auto-Response-Suppress", "DR, OOF, AutoReply", "no-replies"],
    ["X-Auto-Response-Suppress", "oof", "no-replies"],
  ])("is told by %s: %s", (name, value, reason) => {
    expect(withHeaders(["Received", "by x"], [name, value])?.reason).toBe(reason);
  });

  it.each(["MAILER-DAEMON@mail.example.org", "mailer-daemon", "postmaster@contoso.com", "<>"])("is told by its sender %s", (address) => {
    expect(from(address, "Mail Delivery System")?.reason).toBe("delivery-report");
  });

  it("is told by Exchange's own sender, and by an empty one", () => {
    expect(from("MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@contoso.com")?.reason).toBe("delivery-report");
    expect(from("")).toEqual({ reason: "delivery-report", sign: "From: <>" });
  });

  it("that is Exchange's out-of-office note is told by its two signs together", () => {
    const note = withHeaders(["X-MS-Exchange-Inbox-Rules-Loop", "jane@contoso.com"], ["X-Auto-Response-Suppress", "All"]);
    expect(note).toEqual({ reason: "auto-reply", sign: "X-MS-Exchange-Inbox-Rules-Loop: jane@contoso.com" });
  });

  it("says the sign that told, as the mail has it, on one line and not too long", () => {
    expect(withHeaders(["auto-SUBMITTED", " auto-generated;\r\n\tx=y "])?.sign).toBe("auto-SUBMITTED: auto-generated; x=y");
    const { sign } = withHeaders(["List-Id", "x".repeat(1_000_000)])!;
    expect([sign.length, sign.endsWith("…")]).toEqual([120, true]);
  });

  it("with several signs has the surest of them, in whatever order they come", () => {
    const signs = [
      ["X-Auto-Response-Suppress", "All"],
      ["Precedence", "bulk"],
      ["List-Id", "x"],
      ["Auto-Submitted", "auto-generated"],
      ["Return-Path", "<>"],
      ["X-Autoreply", "yes"],
      ["Content-Type", "multipart/report"],
    ] as const;
    const reasons = ["no-replies", "bulk", "list", "auto-generated", "delivery-report", "auto-reply", "delivery-report"];
    for (const [index, reason] of reasons.entries()) {
      const some = signs.slice(0, index + 1).map(([name, value]) => [name, value] as [string, string]);
      expect(withHeaders(...some)?.reason).toBe(reason);
      expect(withHeaders(...some.toReversed())?.reason).toBe(reason);
    }
  });

  it("is told by any of a header's repetitions", () => {
    expect(withHeaders(["Auto-Submitted", "no"], ["Auto-Submitted", "auto-replied"])?.sign).toBe("Auto-Submitted: auto-replied");
  });
});

describe("a mail of the queue's own address", () => {
  it.each(["support@contoso.com", "SUPPORT@contoso.COM", "support+ticket-5@contoso.com", "help@contoso.com"])(
    "%s breaks the loop",
    (address) => {
      expect(from(address)).toEqual({ reason: "own-address", sign: `From: ${address}` });
    },
  );

  it("comes before every other sign", () => {
    const headers = [{ name: "Auto-Submitted", value: "auto-replied" }];
    expect(verdict({ headers, from: { name: "", address: "support@contoso.com" } })?.reason).toBe("own-address");
  });

  it("is told by the sender where nobody stands in From", () => {
    expect(verdict({ from: undefined, sender: { name: "", address: "support@contoso.com" } })?.reason).toBe("own-address");
  });

  it("whose answers go to somebody else is none: a form on a web site sends so for its visitor", () => {
    const form = { name: "Shop", address: "support@contoso.com" };
    expect(verdict({ from: form, replyTo: [jane] })).toBeUndefined();
    expect(verdict({ from: form, replyTo: [jane, { name: "", address: "support@contoso.com" }] })?.reason).toBe("own-address");
  });

  it("is not told by an address that only looks like it", () => {
    for (const address of ["support@contoso.com.example.org", "xsupport@contoso.com", "support"]) expect(from(address)).toBeUndefined();
  });
});

it("a hostile address is looked at in no time", () => {
  const from = { name: "", address: "+".repeat(1_000_000) };
  expect(automaticOf({ headers: [], from, replyTo: [from] }, ["support@contoso.com"])).toBeUndefined();
});
