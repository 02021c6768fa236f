/** Marks of messages that Graph says are not there: a 404 may pass, so it is asked again before it is believed. */
import { expect, test } from "vitest";
import type { DeliveryEvents } from "../../../src/delivery/events.js";
import { createOutbox } from "../../../src/delivery/outbox.js";
import type { Mark } from "../../../src/mailbox/mark.js";
import type { MarkResult } from "../../../src/mailbox/marker.js";
import { createDesk, cursor, queue, sighting } from "./set-up.js";

const vanished: MarkResult = { done: true, vanished: true };

/** An outbox with one order, to which Graph answers so, one answer after the other; the last one stays. */
async function orderOf(mark: Mark, ...answers: readonly MarkResult[]) {
  const desk = await createDesk();
  const { clock } = desk;
  const ledger = await desk.open();
  const asked: number[] = [];
  const told: (keyof DeliveryEvents)[] = [];
  const payloads: unknown[] = [];
  const scene = { mailboxIsThere: true };
  const outbox = createOutbox({
    queue,
    ledger,
    clock,
    async apply() {
      asked.push(clock.now());
      return [answers[asked.length - 1] ?? answers.at(-1)!];
    },
    emit(name, payload) {
      told.push(name);
      payloads.push(payload);
    },
    mailboxAnswers: async () => scene.mailboxIsThere,
    onFailure: (error) => expect.unreachable(error.message),
  });
  const [entry] = await ledger.record([sighting("a")], cursor("link 1"));
  const marking = await desk.done(ledger.settle(entry!, { outcome: "settled", mark }));
  outbox.add(marking!);
  return Object.assign(scene, { clock, ledger, asked, told, payloads });
}

const order = (...answers: readonly MarkResult[]) => orderOf({ markRead: true }, ...answers);

test("a message that is there again gets its mark", async () => {
  const { clock, ledger, asked, told } = await order(vanished, vanished, { done: true });
  await clock.advance(1_000);
  expect([asked.length, told, ledger.open.size]).toEqual([1, [], 1]);
  await clock.advance(30_000);
  expect([asked.length, told, ledger.open.size]).toEqual([3, ["message:marked"], 0]);
});

test("a message that stays away is done with after six times in more than a minute", async () => {
  const { clock, ledger, asked, told } = await order(vanished);
  await clock.advance(3_600_000);
  expect([asked.length, told, ledger.open.size, clock.pending()]).toEqual([6, ["message:marked"], 0, 0]);
  expect(asked[5]! - asked[0]!).toBeGreaterThan(60_000);
});

test.each<[Mark, object]>([
  [{ markRead: true }, { vanished: true }],
  [{ delete: true }, { vanished: true }],
  [{ markRead: true, delete: "permanently" }, {}],
])("one that stays away is told so, but where it was to be deleted for good, it is just that: %j", async (mark, more) => {
  const { clock, payloads } = await orderOf(mark, vanished);
  await clock.advance(3_600_000);
  expect(payloads).toEqual([{ queue, id: "a", outcome: "settled", ...more }]);
});

test("no message is believed to have vanished while the mailbox itself is not there, and its mark comes with the mailbox", async () => {
  const scene = await order(...Array.from({ length: 30 }, () => vanished), { done: true });
  const { clock, ledger, told } = scene;
  scene.mailboxIsThere = false;
  await clock.advance(3_600_000);
  expect([told, ledger.open.size]).toEqual([[], 1]);
  await clock.advance(3 * 3_600_000);
  expect([told, ledger.open.size]).toEqual([["message:marked"], 0]);
});
