/** A dispatcher and an outbox that are made when something comes and let go of when nothing is left. */
import { expect, test } from "vitest";
import type { Dispatcher } from "../../../src/delivery/dispatcher.js";
import { dispatcherOnDemand, outboxOnDemand } from "../../../src/delivery/on-demand.js";
import { createOutbox } from "../../../src/delivery/outbox.js";
import { createScene as createDispatcherScene, lost } from "./dispatcher-scene.js";
import { createDesk, cursor, queue, sighting } from "./set-up.js";

async function createScene() {
  const scene = await createDispatcherScene();
  const made: Dispatcher[] = [];
  const dispatcher = dispatcherOnDemand(() => {
    made.push(scene.dispatcherOver(scene.ledger));
    return made.at(-1) as Dispatcher;
  });
  return Object.assign(scene, {
    made,
    dispatcher,
    async arrives(id: string) {
      dispatcher.add(await scene.ledger.record([sighting(id)], cursor(id)));
      await scene.clock.advance(10);
    },
  });
}

test("an idle queue has no dispatcher, whatever it is told; the first entry makes one", async () => {
  const { made, dispatcher, handed, arrives } = await createScene();
  dispatcher.add([]);
  dispatcher.refresh("m1");
  dispatcher.rest();
  expect([made.length, dispatcher.waitingCount, dispatcher.inFlightCount]).toEqual([0, 0, 0]);
  await arrives("m1");
  expect([made.length, dispatcher.waitingCount, dispatcher.inFlightCount]).toEqual([1, 0, 1]);
  expect(handed.map(({ id }) => id)).toEqual(["m1"]);
});

test("one that has anything left is kept: in flight, retrying, or paused before its delivery", async () => {
  const { made, dispatcher, handed, arrives, clock } = await createScene();
  await arrives("m1");
  dispatcher.rest();
  expect(dispatcher.inFlightCount).toBe(1);
  handed[0]!.fail(new Error("not now"));
  await clock.advance(10);
  dispatcher.rest();
  expect([dispatcher.waitingCount, dispatcher.inFlightCount]).toEqual([1, 0]);
  dispatcher.pause();
  await clock.advance(3_600_000);
  dispatcher.rest();
  dispatcher.resume();
  await clock.advance(10);
  expect([made.length, handed.map(({ delivery }) => delivery.attempt)]).toEqual([1, [1, 2]]);
});

test("an empty one is let go of with all its timers, and another takes what comes next", async () => {
  const { made, dispatcher, handed, arrives, clock, failures } = await createScene();
  await arrives("m1");
  handed[0]!.finish();
  await clock.advance(10);
  dispatcher.rest();
  expect(clock.pending()).toBe(0);
  await arrives("m2");
  expect([made.length, handed.map(({ id }) => id), failures]).toEqual([2, ["m1", "m2"], []]);
});

test("a pause outlives the dispatcher: the next one is paused too", async () => {
  const { dispatcher, handed, arrives, clock } = await createScene();
  dispatcher.pause();
  await arrives("m1");
  expect([handed.length, dispatcher.waitingCount]).toEqual([0, 1]);
  dispatcher.resume();
  await clock.advance(10);
  expect(handed.length).toBe(1);
});

test("after a stop, or once the queue is lost, none is made any more", async () => {
  const stopped = await createScene();
  await stopped.dispatcher.stop(1_000);
  await stopped.arrives("m1");
  const abandoned = await createScene();
  abandoned.dispatcher.abandon(lost);
  await abandoned.arrives("m1");
  expect([stopped.made.length, abandoned.made.length]).toEqual([0, 0]);
});

test("an outbox is let go of only when its marks are made and recorded", async () => {
  const desk = await createDesk();
  const { clock, store } = desk;
  const ledger = await desk.open();
  let made = 0;
  const outbox = outboxOnDemand(() => {
    made += 1;
    return createOutbox({
      queue,
      ledger,
      clock,
      apply: async (orders) => orders.map(() => ({ done: true })),
      mailboxAnswers: async () => true,
      emit: () => undefined,
      onFailure: (error) => expect.unreachable(error.message),
    });
  });
  async function order(id: string): Promise<void> {
    const [entry] = await ledger.record([sighting(id)], cursor(id));
    const marking = await desk.done(ledger.settle(entry!, { outcome: "settled", mark: { markRead: true } }));
    outbox.add(marking!);
  }
  outbox.drop("m1");
  outbox.rest();
  expect([made, outbox.waitingCount, outbox.isEmpty]).toEqual([0, 0, true]);

  await order("m1");
  outbox.rest();
  expect([outbox.waitingCount, outbox.isEmpty]).toEqual([1, false]);
  store.hold();
  await clock.advance(1_000);
  outbox.rest();
  // The mark is made; its record is not durable yet.
  expect([outbox.waitingCount, outbox.isEmpty]).toEqual([0, false]);
  store.release();
  await clock.advance(1_000);
  outbox.rest();
  expect([outbox.isEmpty, clock.pending(), ledger.open.size]).toEqual([true, 0, 0]);
  await order("m2");
  expect(made).toBe(2);
  await desk.done(outbox.stop(1_000));
  expect(ledger.open.size).toBe(0);
  await order("m3");
  expect([made, ledger.open.get("m3")?.state]).toEqual([2, "marking"]);
});
