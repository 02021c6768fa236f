/** The judge of the cluster's long run finds a loss, a duplicate that nothing explains, a stale commit and an early knock. */
import { describe, expect, it } from "vitest";
import type { LogEntry } from "../../simulator/index.js";
import type { TimedLife } from "./fixtures/kill/knock.js";
import type { Line } from "./fixtures/kill/line.js";
import type { SoakEvidence } from "./fixtures/soak/verdict.js";
import { judgeCluster } from "./fixtures/soak-cluster/verdict.js";

const queue = "queue-1@contoso.com";
const key = (name: string) => `${queue}/${name}`;
const begun = (at: number, name: string, attempt = 1): Line => ({ is: "begun", key: key(name), attempt, at });
const whole = (at: number, name: string): Line[] => [
  begun(at, name),
  { is: "done", key: key(name), at: at + 1 },
  { is: "settled", key: key(name), at: at + 2 },
];
const life = (lines: Line[], more: Partial<TimedLife> = {}): TimedLife => ({
  end: "stopped",
  startedAt: 0,
  endedAt: 90_000,
  lines,
  ...more,
});
const commit = (at: number, number: number, epoch: number, more: Partial<Extract<Line, { is: "committed" }>>): Line[] => [
  { is: "commit", number, space: queue, epoch, at },
  { is: "committed", number, at: at + 1, ...more },
];
const keys = (...names: string[]) => new Set(names.map(key));
const freezes = [{ from: 200, until: 5_000 }];

/** One worker is frozen with `a` in its hands, another goes on with it. */
const frozen = life([begun(100, "a"), { is: "done", key: key("a"), at: 5_010 }], { freezes });
const other = life([...whole(10, "b"), ...whole(4_000, "a")]);
const sound: SoakEvidence = {
  pieces: new Map(
    ["a", "b"].map((id) => [
      key(id),
      { key: key(id), queue, id, baseline: false, stays: [{ folder: "inbox", from: 5 }], acts: [{ at: 5, what: "arrived" }] },
    ]),
  ),
  present: keys("a", "b"),
  overwritten: [],
  lives: [frozen, other],
  ledger: { settled: keys("a", "b"), unmarked: new Set(), quarantined: new Set(), resting: new Map(), open: [] },
  log: [],
  knocks: [],
  mostAtOnce: new Map([[queue, 4]]),
};
const judged = (change: Partial<SoakEvidence> = {}, complaints: string[] = []) => judgeCluster({ ...sound, ...change }, complaints);

describe("the judge of a cluster's run", () => {
  it("explains a message that came again by the freeze, or the kill, of the worker that had it", () => {
    expect(judged()).toMatchObject({ failures: [], duplicateCount: 1, explained: { "a freeze": 1 } });
    const killed = life([begun(100, "a")], { end: "killed", endedAt: 200 });
    expect(judged({ lives: [killed, other] })).toMatchObject({ failures: [], explained: { "a kill": 1 } });
  });

  it.each<[string, Partial<SoakEvidence>, string]>([
    ["a message that none was handed", { lives: [life(whole(10, "b"))] }, "lost (owed by rule 1)"],
    [
      "a message that a frozen worker began and none finished",
      { lives: [life([begun(100, "a")], { freezes }), life(whole(10, "b"))] },
      "lost",
    ],
    ["two workers with one message at once", { lives: [life([begun(100, "a")]), other] }, "duplicate without explanation"],
    [
      "a second one before the kill of the first",
      { lives: [life([begun(100, "a")], { end: "killed" }), other] },
      "duplicate without explanation",
    ],
    [
      "a second one before the freeze of the first",
      { lives: [life([begun(100, "a")], { freezes: [{ from: 4_500, until: 9_000 }] }), other] },
      "duplicate",
    ],
    [
      "a second one after a freeze before the message",
      { lives: [life([begun(300, "a")], { freezes: [{ from: 20, until: 250 }] }), other] },
      "duplicate",
    ],
    [
      "a settled message after a freeze",
      { lives: [life(whole(100, "a"), { freezes }), other] },
      "which process 1 or an earlier one had said to be settled",
    ],
    [
      "an attempt that a frozen worker failed at when another had it",
      {
        lives: [
          life([begun(100, "a"), { is: "failed", key: key("a"), how: "threw", at: 5_010 }], { freezes }),
          life([...whole(10, "b"), begun(4_000, "a"), begun(5_020, "a"), ...whole(5_021, "a").slice(1)]),
        ],
      },
      "which it had already",
    ],
    ["five requests at once", { mostAtOnce: new Map([[queue, 5]]) }, "5 requests at once"],
  ])("finds %s", (_, change, text) => {
    const { failures } = judged(change);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain(text);
  });

  it("finds what a process printed to its standard error", () => {
    expect(judged({}, ["[ioredis] Unhandled error event"]).failures).toEqual([expect.stringContaining("Unhandled error event")]);
  });
});

describe("commits by their epochs", () => {
  const first = commit(1, 1, 0, { raised: true, version: 100 });
  const second = commit(3_000, 1, 100, { raised: true, version: 300 });
  const of = (...lives: Line[][]) => judged({ lives: [frozen, other, ...lives.map((lines) => life(lines))] });

  it("counts those that were refused and those that nobody heard of", () => {
    const lost: Line = { is: "commit", number: 3, space: queue, epoch: 100, at: 5_001 };
    const { epochs, failures } = of([...first, ...commit(5_000, 2, 100, { refused: "epoch" }), lost], second);
    expect(failures).toEqual([]);
    expect(epochs).toMatchObject({ carriedOut: 0, refused: 1, unheard: 1, stale: [] });
  });

  it("finds one that was carried out under an epoch after the next had been raised, whatever the times of the processes", () => {
    const { failures } = of([...first, ...commit(2_000, 2, 100, { version: 301 })], second);
    expect(failures).toEqual([expect.stringContaining("a commit of a stale epoch was carried out")]);
  });

  it("finds one where nobody heard of the raise but from the next", () => {
    const third = commit(4_000, 1, 300, { raised: true, version: 500 });
    const { failures } = of([...first, ...commit(5_000, 2, 100, { version: 400 })], third);
    expect(failures).toEqual([expect.stringContaining("after 300 had been raised")]);
  });

  it("lets those pass that came before the next was raised", () => {
    expect(of([...first, ...commit(2_000, 2, 100, { version: 299 })], second).failures).toEqual([]);
  });
});

describe("requests before a Retry-After had passed", () => {
  const entry: LogEntry = {
    number: 1,
    route: "delta",
    method: "GET",
    path: "/",
    mailbox: queue,
    startedAt: 6_000,
    endedAt: 6_010,
    status: 200,
  };
  const refused = { ...entry, status: 429, retryAfterMs: 2_000 };
  const knock = { ...entry, number: 2, startedAt: 7_000 };
  const early = (more: Line[], blows: Partial<TimedLife>) =>
    judged({ log: [refused, knock], knocks: [knock], lives: [frozen, other, life(more, blows)] }).failures;

  it("are excused by a worker that was killed or frozen as it was told", () => {
    expect(early([], { end: "killed", endedAt: 6_100 })).toEqual([]);
    expect(early([], { freezes: [{ from: 6_100, until: 9_000 }] })).toEqual([]);
  });

  it("are not without, nor where the pause was in the store", () => {
    expect(early([], {})).toEqual([expect.stringContaining("asked too early")]);
    expect(early([{ is: "pause-kept", queue, until: 8_010, at: 6_050 }], { end: "killed", endedAt: 6_100 })).toEqual([
      expect.stringContaining("the pause was in the store"),
    ]);
  });
});
