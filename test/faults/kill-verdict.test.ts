/** The judge of the kill test finds each fault that the test is there for. */
import { describe, expect, it } from "vitest";
import { type LifeRecord, type Line, readLines } from "./fixtures/kill/line.js";
import { judge, type Run } from "./fixtures/kill/verdict.js";

const begun = (key: string): Line => ({ is: "begun", key, attempt: 1 });
const done = (key: string): Line => ({ is: "done", key });
const settled = (key: string): Line => ({ is: "settled", key });
const killed = (...lines: Line[]): LifeRecord => ({ end: "killed", lines });
const stopped = (...lines: Line[]): LifeRecord => ({ end: "stopped", lines });

/** A run in which `a` was in flight at the kill and `b` was settled before it. */
const sound: Run = {
  expected: new Set(["a", "b"]),
  lives: [killed(begun("a"), begun("b"), done("b"), settled("b")), stopped(begun("a"), done("a"), settled("a"))],
  settled: new Set(["a", "b"]),
};

describe("the judge of the kill test", () => {
  it("finds nothing wrong when a message in flight at the kill was handed over again", () => {
    expect(judge(sound)).toEqual({
      handedOverCount: 3,
      duplicateCount: 1,
      explained: { "a kill": 1 },
      inFlightCount: 1,
      lost: [],
      strangers: [],
      unexplained: [],
      overcounted: [],
    });
  });

  it("finds nothing wrong when a kill came between the settlement and its telling", () => {
    const run = { ...sound, lives: [killed(begun("a"), done("a"), begun("b"), done("b")), stopped()] };
    expect(judge(run)).toMatchObject({ duplicateCount: 0, inFlightCount: 2, lost: [], unexplained: [] });
  });

  it("counts a message that two kills caught as two duplicates", () => {
    const run = {
      ...sound,
      lives: [killed(begun("a")), killed(), killed(begun("a")), ...sound.lives.map(({ lines }) => stopped(...lines))],
    };
    expect(judge({ ...run, lives: run.lives.slice(0, 4) })).toMatchObject({ duplicateCount: 2, inFlightCount: 2, unexplained: [] });
  });

  it("finds a message that the host never got", () => {
    expect(judge({ ...sound, expected: new Set(["a", "b", "c"]), settled: new Set(["a", "b", "c"]) }).lost).toEqual(["c"]);
  });

  it("finds a message that the host got and never finished", () => {
    expect(judge({ ...sound, lives: [killed(begun("a"), begun("b"), done("b"), settled("b")), stopped()] }).lost).toEqual(["a"]);
  });

  it("finds a message that the ledger does not hold as settled", () => {
    expect(judge({ ...sound, settled: new Set(["a"]) }).lost).toEqual(["b"]);
  });

  it("finds a message that was not to be handed over", () => {
    expect(judge({ ...sound, expected: new Set(["a"]) }).strangers).toEqual(["b"]);
  });

  it.each([
    [
      "whose settlement was told before the kill",
      [killed(begun("b"), done("b"), settled("b")), stopped(begun("b"))],
      "which process 1 or an earlier one had said to be settled",
    ],
    [
      "whose settlement was told two kills ago",
      [killed(begun("b"), settled("b")), killed(), stopped(begun("b"))],
      "which process 1 or an earlier one had said to be settled",
    ],
    ["that the same process has already", [killed(begun("b"), begun("b"))], "which it had already"],
    ["that the process before could finish", [stopped(begun("b")), killed(begun("b"))], "which process 1 had and was not killed with"],
    [
      "that was finished by one and had been cut off before by another",
      [killed(begun("b")), stopped(begun("b"), settled("b")), stopped(begun("b"))],
      "or an earlier one had said to be settled",
    ],
  ])("finds a message handed over again %s", (_, lives: LifeRecord[], why) => {
    const { unexplained } = judge({ ...sound, lives });
    expect(unexplained).toHaveLength(1);
    expect(unexplained[0]).toContain(why);
  });
});

describe("a record cut off by a kill", () => {
  it("gives its whole lines and leaves out the one that was being written", () => {
    expect(readLines('{"is":"begun","key":"a","attempt":1}\n{"is":"do')).toEqual([begun("a")]);
  });

  it("is empty when nothing was written", () => {
    expect(readLines("")).toEqual([]);
  });
});
