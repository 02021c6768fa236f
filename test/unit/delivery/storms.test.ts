/** What is a storm and what is not, that each is told once and its end too, and that little is kept of however many senders. */
import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { stormRule } from "../../../src/delivery/storm-rule.js";
import { createStorms } from "../../../src/delivery/storms.js";
import { createManualClock } from "../../support/manual-clock.js";
import type { Told } from "./dispatcher-scene.js";
import { queue, startAt } from "./set-up.js";

const minute = 60_000;
const jane = "jane@contoso.com";
const keyOf = (address: string) => hash("sha256", address, "base64url").slice(0, 16);

function scene(rule: Parameters<typeof stormRule>[0] = { messages: 3, withinMs: 10 * minute }) {
  const clock = createManualClock(startAt);
  const told: Told[] = [];
  const storms = createStorms({
    queue,
    rule: stormRule(rule),
    clock,
    emit: (name, payload) => void told.push({ name, ...payload } as Told),
  });
  let sequence = 0;
  /** Messages of that sender, received now unless said otherwise. */
  function meet(sender: string | undefined, { at = clock.now(), conversationId }: { at?: number; conversationId?: string } = {}) {
    sequence += 1;
    return storms.meet({ id: `m${sequence}`, sequence, receivedAt: at }, { sender, conversationId });
  }
  return { clock, storms, told, meet, names: () => told.map(({ name }) => name) };
}

test("as many messages as are allowed are no storm, and one more is", () => {
  const { meet, told } = scene();
  for (let count = 0; count < 3; count += 1) expect(meet(jane)).toBeUndefined();
  expect(told).toEqual([]);
  expect(meet(jane)).toBeUndefined();
  expect(told).toEqual([
    { name: "queue:storm", queue, id: "m4", by: "sender", key: keyOf(jane), messages: 4, since: startAt, action: "deliver" },
  ]);
});

test("a storm is told once however long it lasts, and once that it is over, with all its messages", async () => {
  const { meet, told, clock, storms } = scene();
  for (let count = 0; count < 50; count += 1) {
    meet(jane);
    await clock.advance(minute);
  }
  expect(told.map(({ name }) => name)).toEqual(["queue:storm"]);
  await clock.advance(8 * minute);
  storms.rest();
  expect(told).toHaveLength(1);
  await clock.advance(minute);
  storms.rest();
  expect(told[1]).toEqual({ name: "queue:storm-over", queue, id: "m4", by: "sender", key: keyOf(jane), messages: 50, since: startAt });
  expect(storms.size).toBe(0);
});

test("a storm ends when half as many come as are allowed, and another one is told anew", async () => {
  const { meet, names, clock } = scene({ messages: 4, withinMs: 10 * minute });
  for (let count = 0; count < 5; count += 1) meet(jane);
  await clock.advance(6 * minute);
  meet(jane);
  expect(names()).toEqual(["queue:storm"]);
  await clock.advance(6 * minute);
  meet(jane);
  expect(names()).toEqual(["queue:storm", "queue:storm-over"]);
  for (let count = 0; count < 5; count += 1) meet(jane);
  expect(names()).toEqual(["queue:storm", "queue:storm-over", "queue:storm"]);
});

test("the end is told with the next message of anybody", async () => {
  const { meet, names, clock } = scene();
  for (let count = 0; count < 4; count += 1) meet(jane);
  await clock.advance(10 * minute);
  meet("other@contoso.com");
  expect(names()).toEqual(["queue:storm", "queue:storm-over"]);
});

test("the same messages over a longer time are none, however soon they are delivered one after another", () => {
  const { meet, told } = scene();
  for (let count = 0; count < 100; count += 1) meet(jane, { at: startAt - (100 - count) * 4 * minute });
  expect(told).toEqual([]);
});

test("a burst of long ago is one, in whatever order its messages are met", () => {
  const times = [0, 1, 2, 3].map((index) => startAt - 86_400_000 + index * minute);
  for (const order of [times, times.toReversed(), [times[2]!, times[0]!, times[3]!, times[1]!]]) {
    const { meet, told } = scene();
    for (const at of order) meet(jane, { at });
    expect(told).toMatchObject([{ name: "queue:storm", messages: 4, since: times[0] }]);
  }
});

test("a date in the future hides no storm", () => {
  const { meet, names } = scene();
  meet(jane, { at: startAt + 365 * 86_400_000 });
  for (let count = 0; count < 3; count += 1) meet(jane);
  expect(names()).toEqual(["queue:storm"]);
});

test("a sender is known whatever the letter case; a conversation of many senders is a storm too", () => {
  const letters = scene();
  for (const sender of [jane, "JANE@contoso.com", "Jane@Contoso.Com", jane]) letters.meet(sender);
  expect(letters.told).toMatchObject([{ by: "sender", key: keyOf(jane) }]);
  const thread = scene();
  for (const name of ["a", "b", "c", "d"]) thread.meet(`${name}@contoso.com`, { conversationId: "C1" });
  expect(thread.told).toMatchObject([{ by: "conversation", key: "C1", id: "m4" }]);
});

test("a robot that fills a conversation is told once, as a sender", () => {
  const { meet, told } = scene();
  for (let count = 0; count < 20; count += 1) meet(jane, { conversationId: "C1" });
  expect(told).toMatchObject([{ by: "sender" }]);
});

test("what says neither sender nor conversation is no storm", () => {
  const { meet, told, storms } = scene();
  for (let count = 0; count < 20; count += 1) meet(count % 2 === 0 ? undefined : "");
  expect([told, storms.size]).toEqual([[], 0]);
});

test("a message that is taken up again is counted once", () => {
  const { storms, told } = scene();
  for (let count = 0; count < 20; count += 1) {
    storms.meet({ id: "m", sequence: count % 3, receivedAt: startAt }, { sender: jane, conversationId: undefined });
  }
  expect(told).toEqual([]);
});

test("with the rule to quarantine, the message that is one too many rests, and those that follow, but nobody else's", () => {
  const { meet, told } = scene({ messages: 3, withinMs: 10 * minute, action: "quarantine" });
  const reasons = Array.from({ length: 5 }, () => meet(jane));
  expect(reasons).toEqual([
    undefined,
    undefined,
    undefined,
    expect.stringMatching(/^a storm: more than 3 messages of one sender within 600 s$/),
    reasons[3],
  ]);
  expect(reasons.join()).not.toContain(jane);
  expect(meet("other@contoso.com")).toBeUndefined();
  expect(meet(jane, { at: startAt - 86_400_000 })).toBeUndefined();
  expect(told).toMatchObject([{ action: "quarantine" }]);
});

test("no number of messages looks for no storm", () => {
  const { meet, told, storms } = scene({ messages: 0, action: "quarantine" });
  for (let count = 0; count < 1_000; count += 1) expect(meet(jane, { conversationId: "C1" })).toBeUndefined();
  expect([told, storms.size]).toEqual([[], 0]);
});

test("a hundred thousand senders are not all remembered, the newest are, and a storm that is forgotten is told as over", () => {
  const { meet, names, storms } = scene();
  for (let count = 0; count < 4; count += 1) meet("first@contoso.com");
  for (let count = 0; count < 100_000; count += 1) meet(`sender-${count}@contoso.com`, { conversationId: `conversation ${count}` });
  expect(names()).toEqual(["queue:storm", "queue:storm-over"]);
  expect(storms.size).toBeLessThan(5_010);
  for (let count = 0; count < 3; count += 1) meet("sender-99999@contoso.com");
  expect(names().slice(2)).toEqual(["queue:storm"]);
});

test("nothing is kept of what was met long ago", async () => {
  const { meet, clock, storms } = scene();
  meet(jane, { conversationId: "C1" });
  storms.rest();
  expect(storms.size).toBe(2);
  await clock.advance(10 * minute);
  storms.rest();
  expect(storms.size).toBe(0);
});
