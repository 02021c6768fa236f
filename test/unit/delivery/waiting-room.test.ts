/** Who comes next, what of the waiting is kept in memory, and that nobody waits for ever. */
import { expect, test } from "vitest";
import { createContentBudget } from "../../../src/delivery/content-budget.js";
import type { OpenEntry } from "../../../src/delivery/ledger-record.js";
import { createWaitingRoom, type WaitingRoom } from "../../../src/delivery/waiting-room.js";
import { freeContent } from "../../support/governance.js";
import { folder, item } from "./set-up.js";

const kilobyte = 1_024;
/** About the bytes of one message by the room's own measure. */
const size = 10 * kilobyte;

let sequence = 0;
function entry(id: string, receivedAt = 0, more: Partial<OpenEntry> = {}): OpenEntry {
  sequence += 1;
  return { sequence, id, folder, receivedAt, foundAt: 0, state: "pending", attempts: 0, crashes: 0, ...more };
}

/** The ids that come out, as long as something does. */
function drained(room: WaitingRoom): string[] {
  const ids: string[] = [];
  for (;;) {
    const taken = room.takeLoaded(1);
    if (taken.length === 0) return ids;
    for (const one of taken) {
      ids.push(one.entry.id);
      room.free(one.item.conversationId as string | undefined);
    }
  }
}

test("what comes in after the end is not counted for ever", () => {
  const contentBudget = createContentBudget(10 * size);
  const room = createWaitingRoom({ highWaterBytes: 100 * size, contentBudget });
  room.add(entry("before"), item("before", { bytes: size }));
  expect(contentBudget.left).toBeLessThan(10 * size);
  room.close();
  room.add(entry("after"), item("after", { bytes: size }));
  expect(contentBudget.left).toBe(10 * size);
});

test("the oldest comes first, whatever the order of coming in; of the same age the one found first", () => {
  const room = createWaitingRoom({ highWaterBytes: 100 * size, contentBudget: freeContent() });
  const ages = [5, 3, 9, 1, 3, 7];
  for (const [index, age] of ages.entries()) room.add(entry(`${age}.${index}`, age), item("x", { bytes: size }));
  expect(drained(room)).toEqual(["1.3", "3.1", "3.4", "5.0", "7.5", "9.2"]);
  for (const [index, age] of ages.entries()) room.add(entry(`${age}.${index}`, age));
  expect(room.takeUnloaded(3).map(({ id }) => id)).toEqual(["1.3", "3.1", "3.4"]);
  expect(room.takeUnloaded(10).map(({ id }) => id)).toEqual(["5.0", "7.5", "9.2"]);
});

test("never more come out than asked for, and none for zero or less", () => {
  const room = createWaitingRoom({ highWaterBytes: 100 * size, contentBudget: freeContent() });
  for (let index = 0; index < 5; index += 1) room.add(entry(`${index}`, index), item("x", { bytes: size }));
  expect(room.takeLoaded(0)).toEqual([]);
  expect(room.takeLoaded(-3)).toEqual([]);
  expect(room.takeLoaded(2).length).toBe(2);
  expect(room.loadedCount).toBe(3);
});

test("messages of one conversation come one at a time, those of others in between", () => {
  const room = createWaitingRoom({ highWaterBytes: 100 * size, contentBudget: freeContent() });
  for (const [index, id] of ["a1", "a2", "b1", "a3", "none"].entries()) {
    room.add(entry(id, index), item(id, { bytes: size, ...(id === "none" ? {} : { conversationId: id[0]! }) }));
  }
  expect(room.takeLoaded(10).map((one) => one.entry.id)).toEqual(["a1", "b1", "none"]);
  expect(room.takeLoaded(10)).toEqual([]);
  room.free("a");
  expect(room.takeLoaded(10).map((one) => one.entry.id)).toEqual(["a2"]);
  room.free("b");
  expect(room.takeLoaded(10)).toEqual([]);
  room.free("a");
  expect(room.takeLoaded(10).map((one) => one.entry.id)).toEqual(["a3"]);
});

test("content is taken in while its sum is below the mark, and then no more", () => {
  const room = createWaitingRoom({ highWaterBytes: 3 * size, contentBudget: freeContent() });
  for (let index = 0; index < 6; index += 1) room.add(entry(`${index}`, index), item(`${index}`, { bytes: size }));
  expect(room.loadedCount).toBeLessThanOrEqual(4);
  expect(room.loadedCount + room.unloadedCount).toBe(6);
  expect(room.roomFor).toBe(0);
  room.takeLoaded(4);
  expect(room.roomFor).toBe(3);
});

test("an entry that is refused for want of room finds none either way: nobody is asked to read it in vain", () => {
  const room = createWaitingRoom({ highWaterBytes: 3 * size, contentBudget: freeContent() });
  for (let index = 0; index < 20; index += 1) {
    const bytes = index === 0 ? size : 2.5 * size;
    room.add(entry(`${index}`, index), item(`${index}`, { bytes }));
    if (room.unloadedCount > 0) expect(room.roomFor).toBe(0);
  }
  expect(room.unloadedCount).toBeGreaterThan(0);
});

test("a message larger than the mark comes through, while others flow as well", () => {
  const room = createWaitingRoom({ highWaterBytes: size, contentBudget: freeContent() });
  room.add(entry("small", 0), item("small", { bytes: size / 2 }));
  room.add(entry("huge", 1), item("huge", { bytes: 10 * size }));
  room.add(entry("next", 2), item("next", { bytes: size / 2 }));
  expect(room.unloadedCount).toBe(1);
  expect(drained(room)).toEqual(["small", "huge"]);
  expect(room.roomFor).toBeGreaterThan(0);
});

test("room is counted in messages of the usual size, and as one where there is any", () => {
  const room = createWaitingRoom({ highWaterBytes: 10 * size, contentBudget: freeContent() });
  for (let index = 0; index < 4; index += 1) room.add(entry(`${index}`, index), item(`${index}`, { bytes: size }));
  expect(room.roomFor).toBe(6);
  const tight = createWaitingRoom({ highWaterBytes: 1.5 * size, contentBudget: freeContent() });
  tight.add(entry("a"), item("a", { bytes: size }));
  expect(tight.roomFor).toBe(1);
});

test("all bytes are given back in the end, whatever way the messages went", () => {
  const room = createWaitingRoom({ highWaterBytes: 8 * size, contentBudget: freeContent() });
  const full = () => {
    for (let index = 0; index < 12; index += 1) room.add(entry(`${index}`, index), item(`${index}`, { bytes: size, conversationId: "c" }));
  };
  full();
  const kept = room.keep(entry("again"), item("again", { bytes: size }));
  room.putBack(kept!);
  for (let turn = 0; turn < 200; turn += 1) {
    drained(room);
    for (const one of room.takeUnloaded(2)) room.add(one, item(one.id, { bytes: size, conversationId: "c" }));
  }
  expect(room.loadedCount + room.unloadedCount).toBe(0);
  expect(room.roomFor).toBe(8);
});

test("held messages keep their content up to half of the mark; the others are read again", () => {
  const room = createWaitingRoom({ highWaterBytes: 10 * size, contentBudget: freeContent() });
  for (let index = 0; index < 9; index += 1) room.add(entry(`${index}`, index), item(`${index}`, { bytes: size, conversationId: "c" }));
  expect(room.takeLoaded(10).map((one) => one.entry.id)).toEqual(["0"]);
  // Five of the eight held ones fill half of the mark: that much is left for others.
  expect(room.roomFor).toBe(5);
  room.free("c");
  expect([room.loadedCount, room.unloadedCount]).toEqual([5, 3]);
});

test("what was held or kept and came back makes place for others to be held and kept", () => {
  const room = createWaitingRoom({ highWaterBytes: 4 * size, contentBudget: freeContent() });
  for (let round = 0; round < 3; round += 1) {
    const kept = [0, 1].map((index) => room.keep(entry(`${round}.${index}`), item("x", { bytes: size })));
    expect(kept.every((one) => one !== undefined)).toBe(true);
    for (const one of kept) room.putBack(one!);
    drained(room);
  }
});

test("an entry without content says its conversation, so that it can be passed over", () => {
  const room = createWaitingRoom({ highWaterBytes: 1, contentBudget: freeContent() });
  room.add(entry("first", 0), item("first", { conversationId: "c", bytes: size }));
  room.takeLoaded(1);
  room.add(entry("held", 1), item("held", { conversationId: "c", bytes: size }));
  room.takeLoaded(1);
  room.free("c");
  expect(room.takeUnloaded(1)).toMatchObject([{ id: "held", conversationId: "c" }]);
});

test("a conversation of twenty thousand messages is delivered in order and without going over all of them each time", () => {
  const room = createWaitingRoom({ highWaterBytes: Number.MAX_SAFE_INTEGER, contentBudget: freeContent() });
  const count = 20_000;
  const shared = item("x", { conversationId: "c" });
  for (let index = 0; index < count; index += 1) room.add(entry(`${index}`, index), shared);
  // Going over all that wait with each of them would take minutes: the test's own time-out tells.
  expect(drained(room)).toEqual(Array.from({ length: count }, (_, index) => `${index}`));
});

test("of a freed conversation at most one batch comes out, so a long one is not read again with each delivery", () => {
  const room = createWaitingRoom({ highWaterBytes: 1, contentBudget: freeContent() });
  // The mark lets one message in at a time: the rest of the conversation is held without content.
  for (let index = 0; index < 60; index += 1) {
    room.add(entry(`${index}`, index), item(`${index}`, { bytes: size, conversationId: "c" }));
    room.takeLoaded(1);
  }
  expect(room.unloadedCount).toBe(0);
  room.free("c");
  expect(room.takeUnloaded(100).map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, index) => `${index + 1}`));
});

test("when the next of a conversation cannot come, the one after it does", () => {
  const room = createWaitingRoom({ highWaterBytes: 1, contentBudget: freeContent() });
  for (let index = 0; index < 22; index += 1) {
    room.add(entry(`${index}`, index), item(`${index}`, { bytes: size, conversationId: "c" }));
    room.takeLoaded(1);
  }
  room.free("c");
  const missing = room.takeUnloaded(20);
  expect(room.unloadedCount).toBe(0);
  for (const one of missing) room.pass(one);
  expect(room.takeUnloaded(20).map(({ id }) => id)).toEqual(["21"]);
});

test("to pass over one of a busy conversation releases nobody: its delivery is still under way", () => {
  const room = createWaitingRoom({ highWaterBytes: 100 * size, contentBudget: freeContent() });
  room.add(entry("under way", 0), item("a", { conversationId: "c", bytes: size }));
  room.add(entry("held", 1), item("b", { conversationId: "c", bytes: size }));
  room.takeLoaded(2);
  room.pass(entry("missing", 2, { conversationId: "c" }));
  expect(room.loadedCount).toBe(0);
  room.free("c");
  expect(room.loadedCount).toBe(1);
});

test("content is kept for a retry while that leaves half of the mark to the others", () => {
  const room = createWaitingRoom({ highWaterBytes: 4 * size, contentBudget: freeContent() });
  const kept = ["a", "b", "c"].map((id) => room.keep(entry(id), item(id, { bytes: size })));
  expect(kept.map((one) => one?.entry.id)).toEqual(["a", "b", undefined]);
  room.add(entry("other"), item("other", { bytes: size }));
  expect(room.loadedCount).toBe(1);
  for (const one of kept) if (one) room.putBack(one);
  expect(drained(room)).toEqual(["a", "b", "other"]);
});

test("at the end of what all queues may keep, a room takes content in only while it has none, and what goes makes room for others", () => {
  const contentBudget = createContentBudget(3 * size);
  const [one, other] = [1, 2].map(() => createWaitingRoom({ highWaterBytes: 100 * size, contentBudget })) as [WaitingRoom, WaitingRoom];
  for (let index = 0; index < 5; index += 1) one.add(entry(`a${index}`), item(`a${index}`, { bytes: size }));
  expect([one.loadedCount, one.unloadedCount, one.roomFor, contentBudget.left]).toEqual([3, 2, 0, 0]);
  expect(other.roomFor).toBeGreaterThan(0);
  for (let index = 0; index < 3; index += 1) other.add(entry(`b${index}`), item(`b${index}`, { bytes: size }));
  expect([other.loadedCount, other.unloadedCount]).toEqual([1, 2]);
  one.takeLoaded(2);
  expect(other.roomFor).toBe(1);
  one.close();
  other.close();
  expect(contentBudget.left).toBe(3 * size); // All of it.
});

test("of a message above the limit only what is left of it takes room, and that comes out", () => {
  const room = createWaitingRoom({ highWaterBytes: 3 * size, contentBudget: freeContent(), maxMessageBytes: size });
  for (const id of ["large 1", "large 2", "large 3"]) room.add(entry(id), item(id, { bytes: 2 * size }));
  room.add(entry("small"), item("small", { bytes: size }));
  expect(room.unloadedCount).toBe(0);
  const taken = room.takeLoaded(4);
  expect(taken.map((one) => "body" in one.item)).toEqual([false, false, false, true]);
  expect(taken[0]?.bytes).toBeLessThan(3_000);
});

/** What is bare says so. */
const bareRoom = (messages = 100) =>
  createWaitingRoom({ highWaterBytes: messages * size, contentBudget: freeContent(), isBare: ({ isBare }) => isBare === true });
const bare = (conversationId?: string) => ({ ...item("", { bytes: size, ...(conversationId && { conversationId }) }), isBare: true });
const ids = (some: readonly { readonly entry: OpenEntry }[]) => some.map(({ entry }) => entry.id);

test("bare mail steps aside where no more of it may come out, and comes before what is younger once it may", () => {
  const room = bareRoom();
  for (const index of [1, 2, 3]) room.add(entry(`bare${index}`, index), bare());
  for (const index of [4, 5]) room.add(entry(`m${index}`, index), item("", { bytes: size }));
  expect(ids(room.takeLoaded(2, 1))).toEqual(["bare1", "m4"]);
  expect([room.asideCount, room.loadedCount]).toEqual([2, 1]);
  expect(ids(room.takeLoaded(0, 1))).toEqual([]);
  expect(ids(room.takeLoaded(2, 1))).toEqual(["bare2", "m5"]);
  expect(ids(room.takeLoaded(2, 0))).toEqual([]);
  expect(ids(room.takeLoaded(2))).toEqual(["bare3"]);
  expect(room.roomFor).toBe(bareRoom().roomFor / size);
});

test("its conversation waits with it", () => {
  const room = bareRoom();
  const conversationId = "c";
  room.add(entry("bare", 1), bare(conversationId));
  room.add(entry("after", 2), item("", { bytes: size, conversationId }));
  room.add(entry("other", 3), item("", { bytes: size }));
  expect(ids(room.takeLoaded(9, 0))).toEqual(["other"]);
  expect(ids(room.takeLoaded(9, 1))).toEqual(["bare"]);
  expect(ids(room.takeLoaded(9))).toEqual([]);
  room.free(conversationId);
  expect(ids(room.takeLoaded(9))).toEqual(["after"]);
});

test("of much bare mail the rest waits without content, which leaves room for others and is read again in its turn", () => {
  const room = bareRoom(10);
  for (let index = 0; index < 8; index += 1) room.add(entry(`bare${index}`, index), bare(`c${index}`));
  expect(ids(room.takeLoaded(9, 0))).toEqual([]);
  expect([room.asideCount, room.unloadedCount]).toEqual([8, 0]);
  expect(room.roomFor).toBeGreaterThan(4);
  expect(ids(room.takeLoaded(9, 8)).length).toBeLessThan(8);
  const again = room.takeUnloaded(9);
  expect(again[0]).toMatchObject({ id: expect.stringMatching(/^bare/), conversationId: expect.stringMatching(/^c/) });
  for (const one of again) room.add(one, bare(one.conversationId));
  expect(ids(room.takeLoaded(9))).toEqual(again.map(({ id }) => id));
});

test("what changes while it is aside is read again before it comes out", () => {
  const room = bareRoom();
  const conversationId = "c";
  room.add(entry("bare", 1), bare(conversationId));
  expect(ids(room.takeLoaded(9, 0))).toEqual([]);
  room.refresh("bare");
  expect(ids(room.takeLoaded(9))).toEqual([]);
  const [again] = room.takeUnloaded(9);
  room.add(again!, bare(conversationId));
  expect(ids(room.takeLoaded(9))).toEqual(["bare"]);
});
