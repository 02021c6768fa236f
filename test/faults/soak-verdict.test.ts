/** The judge of the long random run finds each fault that the run is there for, and what is owed is what the rule says. */
import { describe, expect, it } from "vitest";
import type { LogEntry } from "../../simulator/index.js";
import type { TimedLife } from "./fixtures/kill/knock.js";
import type { Line } from "./fixtures/kill/line.js";
import { allBut, disturbances } from "./fixtures/soak/disturbance.js";
import type { Piece, Stay } from "./fixtures/soak/office.js";
import { owedMessages } from "./fixtures/soak/owed.js";
import { planned } from "./fixtures/soak/plan.mjs";
import { storyOf } from "./fixtures/soak/story.js";
import { judgeSoak, type SoakEvidence } from "./fixtures/soak/verdict.js";

const queue = "queue-1@contoso.com";
const key = (name: string) => `${queue}/${name}`;
const begun = (name: string, attempt = 1): Line => ({ is: "begun", key: key(name), attempt });
const done = (name: string): Line => ({ is: "done", key: key(name) });
const settled = (name: string): Line => ({ is: "settled", key: key(name) });
const threw = (name: string): Line => ({ is: "failed", key: key(name), how: "threw" });
const aborted = (name: string, code: string): Line => ({ is: "aborted", key: key(name), code });
const rejected = (name: string): Line => ({ is: "rejected", key: key(name) });
const quarantined = (name: string): Line => ({ is: "quarantined", key: key(name) });
const polled = (at: number): Line => ({ is: "polled", queue, at });
const trouble = (event: string): Line => ({ is: "trouble", event, payload: { queue, id: "a" } });
const life = (end: TimedLife["end"], ...lines: Line[]): TimedLife => ({ end, lines, startedAt: 0, endedAt: 10_000 });
const whole = (name: string) => [begun(name), done(name), settled(name)];

const piece = (name: string, stays: Stay[] = [{ folder: "inbox", from: 5 }], more: Partial<Piece> = {}): Piece => ({
  key: key(name),
  queue,
  id: name,
  baseline: false,
  stays,
  acts: [{ at: 5, what: "arrived in inbox" }],
  ...more,
});
const piecesOf = (...some: Piece[]) => new Map(some.map((one) => [one.key, one]));
const keys = (...names: string[]) => new Set(names.map(key));

/** Two messages that lie in the inbox, both settled; `a` was in flight at the kill. */
const sound: SoakEvidence = {
  pieces: piecesOf(piece("a"), piece("b")),
  present: keys("a", "b"),
  overwritten: [],
  lives: [life("killed", begun("a"), ...whole("b")), life("stopped", ...whole("a"))],
  ledger: { settled: keys("a", "b"), unmarked: new Set(), quarantined: new Set(), resting: new Map(), open: [] },
  log: [],
  knocks: [],
  mostAtOnce: new Map([[queue, 4]]),
};
const failuresOf = (change: Partial<SoakEvidence>) => judgeSoak({ ...sound, ...change }).failures;
const ledger = (change: Partial<SoakEvidence["ledger"]>) => ({ ledger: { ...sound.ledger, ...change } });

describe("the judge of the long random run", () => {
  it("finds nothing wrong with a message that came again after a kill, and counts it with that reason", () => {
    expect(judgeSoak(sound)).toMatchObject({ failures: [], duplicateCount: 1, explained: { "a kill": 1 } });
  });

  it.each<[string, Line[], string]>([
    ["the handler threw", [begun("a"), threw("a"), begun("a", 2), done("a"), settled("a")], "the handler threw"],
    [
      "the handler was past its time",
      [begun("a"), aborted("a", "DELIVERY_TIMED_OUT"), begun("a", 2), done("a"), settled("a")],
      "the handler was past its time",
    ],
  ])("explains a duplicate when %s", (_, lines, why) => {
    const verdict = judgeSoak({ ...sound, lives: [life("stopped", ...whole("b"), ...lines)] });
    expect(verdict).toMatchObject({ failures: [], explained: { [why]: 1 } });
  });

  it("lets a message that its host rejected rest in quarantine", () => {
    const lives = [life("stopped", ...whole("b"), begun("a"), rejected("a"), quarantined("a"))];
    expect(failuresOf({ lives, ...ledger({ settled: keys("b"), quarantined: keys("a") }) })).toEqual([]);
  });

  it.each<[string, Partial<SoakEvidence>, string]>([
    ["a message in a watched folder that was never handed over", { lives: [life("stopped", ...whole("b"))] }, "lost (owed by rule 1)"],
    ["a message handed over and never finished", { lives: [life("stopped", ...whole("b"), begun("a"))] }, "lost (owed by rule 1)"],
    ["a message finished that the ledger does not know", ledger({ settled: keys("b") }), "lost (owed by rule 1)"],
    [
      "a message that moved on after its handler had thrown",
      { present: keys("b"), lives: [life("stopped", ...whole("b"), begun("a"), threw("a"))] },
      "lost (owed by rule 3)",
    ],
    [
      "a duplicate of what was settled",
      { lives: [life("killed", ...whole("a"), ...whole("b")), life("stopped", begun("a"))] },
      "duplicate without explanation",
    ],
    ["a duplicate in one process", { lives: [life("stopped", ...whole("b"), begun("a"), ...whole("a"))] }, "duplicate without explanation"],
    [
      "a duplicate that a cut-off by another cause is to explain",
      { lives: [life("stopped", ...whole("b"), begun("a"), aborted("a", "LIFECYCLE_LOST_QUEUE"), ...whole("a"))] },
      "duplicate without explanation",
    ],
    [
      "a failed attempt that explains two more",
      { lives: [life("stopped", ...whole("b"), begun("a"), threw("a"), begun("a", 2), begun("a", 2), done("a"), settled("a"))] },
      "duplicate without explanation",
    ],
    [
      "a kill that cost an attempt",
      { lives: [life("killed", begun("a"), ...whole("b")), life("stopped", begun("a", 2), done("a"), settled("a"))] },
      "attempt counted that was none",
    ],
    [
      "a message that lay there read before",
      { pieces: piecesOf(piece("a", [], { baseline: true }), piece("b")), present: keys("b") },
      "handed over and was not to be",
    ],
    [
      "a message in quarantine that nobody rejected",
      ledger({ settled: keys("b"), quarantined: keys("a") }),
      "without having been rejected",
    ],
    ["a mark given up", ledger({ settled: keys("b"), unmarked: keys("a") }), "mark given up"],
    ["work left open", ledger({ open: [key("a")] }), "still open"],
    ["a category written over", { overwritten: [key("a")] }, "written over"],
    ["a message said to be gone", { lives: [...sound.lives, life("stopped", trouble("message:gone"))] }, "message:gone"],
    ["five requests at once", { mostAtOnce: new Map([[queue, 5]]) }, "5 requests at once"],
  ])("finds %s", (_, change, text) => {
    const failures = failuresOf(change);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain(text);
  });

  it("finds a request before a Retry-After had passed", () => {
    const entry: LogEntry = {
      number: 1,
      route: "delta",
      method: "GET",
      path: "/",
      mailbox: queue,
      startedAt: 100,
      endedAt: 100,
      status: 200,
    };
    const knock = { ...entry, number: 2, startedAt: 900 };
    const log = [{ ...entry, status: 429, retryAfterMs: 2_000 }, knock];
    expect(failuresOf({ log, knocks: [knock] })).toEqual([expect.stringContaining("asked too early")]);
  });
});

describe("what is owed", () => {
  const moved = (from: number, until: number) => [piece("a", [{ folder: "inbox", from, until }])];
  const rounds = [life("killed", polled(100), polled(200)), life("stopped", polled(300), polled(400))];
  const owed = (pieces: Piece[], lives = rounds) => owedMessages({ pieces, present: new Set(), lives }).get(key("a"));

  it.each([
    ["there for a whole round", 50, 250, 2],
    ["there for a whole round of the second process", 250, 450, 2],
    ["gone before the round was complete", 50, 150, undefined],
    ["come after the round had begun", 150, 250, undefined],
    ["there only while no process ended two rounds", 150, 350, undefined],
  ])("a message moved out that was %s", (_, from, until, rule) => {
    expect(owed(moved(from, until))).toBe(rule);
  });

  it("is not a message that came and went through two folders, in neither for a whole round", () => {
    const stays = [
      { folder: "inbox", from: 50, until: 150 },
      { folder: "junkemail", from: 150, until: 250 },
    ];
    expect(owed([piece("a", stays)])).toBeUndefined();
  });

  it("is not by its rounds a message that no round tells, but it is as long as it lies there", () => {
    const unseen = piece("a", [{ folder: "inbox", from: 50, until: 250, unseen: true }]);
    expect(owed([unseen])).toBeUndefined();
    expect(owedMessages({ pieces: [unseen], present: keys("a"), lives: rounds }).get(key("a"))).toBe(1);
  });

  it("is a message that was handed over, wherever it is", () => {
    expect(owed(moved(50, 60), [life("killed", begun("a"))])).toBe(3);
  });

  it("is never what lay there read before", () => {
    expect(owed([piece("a", undefined, { baseline: true })])).toBeUndefined();
  });
});

describe("the fixtures of the long random run", () => {
  it("tell the whole story of a message", () => {
    const lives = [life("stopped", { ...begun("a"), at: 40 }, { is: "cursor-lost", queue, at: 60 })];
    const shown: LogEntry = { number: 7, route: "delta", method: "GET", path: "/", mailbox: queue, startedAt: 30, status: 200, ids: ["a"] };
    const story = storyOf(key("a"), { ...sound, lives, log: [shown], ...ledger({ settled: keys("b") }) }).join("\n");
    for (const part of ["arrived in inbox", "request 7", "begun", "cursor-lost", "does not rest in the ledger", "lies in a watched folder"])
      expect(story).toContain(part);
  });

  it("refuse the name of a disturbance that there is not", () => {
    expect(() => allBut("kills,rain")).toThrow("No disturbance is called rain");
    expect(allBut("kills").size).toBe(Object.keys(disturbances).length - 1);
  });

  it("plan the same for the same message and attempt, and no failure after the third", () => {
    const handling = { throwing: 1, retrying: 1 };
    const deeds = [1, 2, 3, 4].map((attempt) => planned(key("a"), attempt, handling).deed);
    expect(deeds).toEqual(["throw", "throw", "retry", "ack"]);
    expect(planned(key("a"), 1, { rejecting: 1 }).deed).toBe("reject");
    expect(planned(key("a"), 1, { overtime: 1, timeoutMs: 1_000 }).ms).toBeGreaterThan(2_000);
  });
});
