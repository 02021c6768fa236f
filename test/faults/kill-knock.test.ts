/** The kill test's judge of early requests excuses those whose pause died with a process, and no others. */
import { describe, expect, it } from "vitest";
import type { LogEntry } from "../../simulator/index.js";
import { judgeKnocks, type TimedLife } from "./fixtures/kill/knock.js";

const mailbox = "queue-1@contoso.com";
const entry = (number: number, startedAt: number, more: Partial<LogEntry> = {}): LogEntry => ({
  number,
  route: "delta",
  method: "GET",
  path: "/",
  mailbox,
  startedAt,
  endedAt: startedAt,
  status: 200,
  ...more,
});
const refused = { status: 429, retryAfterMs: 2_000 };
const first: TimedLife = { end: "killed", lines: [], startedAt: 0, endedAt: 1_000 };
const second: TimedLife = { end: "stopped", lines: [], startedAt: 1_100, endedAt: 9_000 };

/** How the request with number 9, made while barred, is judged. */
function judged(log: LogEntry[], lives = [first, second]): string {
  const knock = log.find(({ number }) => number === 9);
  if (!knock) throw new Error("The log has no request 9.");
  const { excused, unexcused } = judgeKnocks([knock], { log, lives });
  expect(excused.length + unexcused.length).toBe(1);
  return unexcused[0]?.replace(/^.*: /, "") ?? "excused";
}

describe("a request before a Retry-After had passed", () => {
  it("is excused when the process that was told was killed before it could keep the pause", () => {
    expect(judged([entry(1, 900, refused), entry(9, 1_200)])).toBe("excused");
  });

  it("is excused when the pause was told to a part of a batch of the process killed", () => {
    const log = [entry(1, 800, { route: "batch", endedAt: 950 }), entry(2, 810, { ...refused, batch: 1, route: "patch" }), entry(9, 1_200)];
    expect(judged(log)).toBe("excused");
  });

  it("is excused when the batch of the process killed went on for a while, so that its answer left when the next had begun", () => {
    const log = [
      entry(1, 950, { route: "batch", endedAt: 1_150 }),
      entry(2, 1_000, { ...refused, endedAt: 1_140, batch: 1, route: "patch" }),
      entry(9, 1_400),
    ];
    expect(judged(log)).toBe("excused");
  });

  it("is excused when what was refused came so soon after the next process's start that only the one killed can have sent it", () => {
    expect(judged([entry(1, 1_160, { ...refused, endedAt: 1_560 }), entry(9, 1_790)])).toBe("excused");
    expect(judged([entry(1, 1_260, { ...refused, endedAt: 1_560 }), entry(9, 1_790)])).toBe("the same process had been told 230 ms before");
  });

  it("is not excused when the process killed had the pause in the store", () => {
    const kept: TimedLife = { ...first, lines: [{ is: "pause-kept", queue: mailbox, until: 2_900 }] };
    expect(judged([entry(1, 900, refused), entry(9, 1_200)], [kept, second])).toBe("process 1 had put the pause into the store");
  });

  it("is not excused when the process killed had a second for keeping it", () => {
    const slow = { ...first, endedAt: 2_000 };
    const log = [entry(1, 900, refused), entry(9, 2_200)];
    expect(judged(log, [slow, { ...second, startedAt: 2_100 }])).toBe("no process was killed within a second of being told");
  });

  it("is not excused when the same process had been told", () => {
    expect(judged([entry(1, 1_300, refused), entry(9, 1_600)])).toBe("the same process had been told 300 ms before");
  });

  it("is not excused when the process was told itself after its predecessor had died with the pause", () => {
    expect(judged([entry(1, 900, refused), entry(2, 1_300, refused), entry(9, 1_600)])).toBe(
      "the same process had been told 300 ms before",
    );
  });

  it("is not excused when it came before the kill", () => {
    expect(judged([entry(1, 700, refused), entry(9, 900)])).toBe("the same process had been told 200 ms before");
  });

  it("is not excused when the process before was stopped, not killed", () => {
    expect(judged([entry(1, 900, refused), entry(9, 1_200)], [{ ...first, end: "stopped" }, second])).toBe(
      "no process was killed within a second of being told",
    );
  });

  it("is not excused by a pause of another mailbox", () => {
    expect(judged([entry(1, 900, { ...refused, mailbox: "queue-2@contoso.com" }), entry(9, 1_200)])).toBe(
      "no process was killed within a second of being told",
    );
  });
});
