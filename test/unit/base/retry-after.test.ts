import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retryAfterAt } from "../../../src/base/retry-after.js";

const now = Date.parse("2026-03-01T08:00:00Z");
const dayMs = 86_400_000;

describe("Retry-After", () => {
  it.each([
    ["whole seconds", "120", 120_000],
    ["fractions, as Graph's documentation shows", "2.128", 2_128],
    ["fractions finer than a millisecond, never too early", "0.0001", 1],
    ["nothing to wait", "0", 0],
    ["spaces around", "  5 ", 5_000],
    ["an HTTP date", "Sun, 01 Mar 2026 08:02:30 GMT", 150_000],
    ["an HTTP date of the old form", "Sunday, 01-Mar-26 08:00:10 GMT", 10_000],
    ["an HTTP date in C's form with its zone", "Sun Mar  1 08:00:10 2026 GMT", 10_000],
    ["a date with its zone in figures", "Sun, 01 Mar 2026 10:00:10 +0200", 10_000],
    ["an ISO date, which it should not be", "2026-03-01T08:00:10Z", 10_000],
    ["an HTTP date that has passed", "Sun, 01 Mar 2026 07:00:00 GMT", 0],
    ["more than a day, cut to it", "86401", dayMs],
    ["a number too long to be one", "9".repeat(400), dayMs],
    ["a date in another century, cut to a day", "Fri, 01 Mar 2126 08:00:00 GMT", dayMs],
  ])("reads %s", (_, header, delayMs) => {
    expect(retryAfterAt(header, now)).toBe(now + delayMs);
  });

  it.each([
    [null],
    [undefined],
    [""],
    ["   "],
    ["-1"],
    ["soon"],
    ["1,5"],
    ["12:30"],
    ["5 s"],
    ["0x10"],
    ["1e3"],
    ["NaN"],
    ["Infinity"],
    ["tomorrow 5"],
  ])("takes %j for no answer", (header) => {
    expect(retryAfterAt(header, now)).toBeUndefined();
  });

  it.each([
    ["behind ours", -30_000],
    ["ahead of ours", 30_000],
  ])("means a date by the server's clock, which is %s", (_, aheadMs) => {
    const http = (at: number) => new Date(at).toUTCString();
    expect(retryAfterAt(http(now + aheadMs + 20_000), now, http(now + aheadMs))).toBe(now + 20_000);
    expect(retryAfterAt("20", now, http(now + aheadMs))).toBe(now + 20_000);
    expect(retryAfterAt(http(now + 20_000), now, "no date")).toBe(now + 20_000);
  });

  it("reads C's form, which names no zone, as GMT wherever the process lives", () => {
    const zone = process.env.TZ;
    process.env.TZ = "America/New_York";
    try {
      expect(new Date(now).getHours()).toBe(3);
      expect(retryAfterAt("Sun Mar  1 08:00:10 2026", now)).toBe(now + 10_000);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it("never gives a time in the past, one beyond a day, or something that is no time", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.date().map(String)), (header) => {
        const at = retryAfterAt(header, now);
        if (at !== undefined) expect(at >= now && at <= now + dayMs).toBe(true);
      }),
    );
  });
});
