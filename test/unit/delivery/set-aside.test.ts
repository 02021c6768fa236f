/** What a storm brings rests instead of being handed over, durably, and holds up nothing. */
import { expect, test } from "vitest";
import { isOfWork } from "../../support/troubled-store.js";
import { createScene } from "./dispatcher-scene.js";

const storm = "a storm: more than 1 messages of one sender within 600 s";
const unlessFirst = ({ id }: { readonly id: string }) => (id.endsWith("1") ? undefined : storm);

test("a message that the storm breaker refuses rests in quarantine without an attempt, and the handler never sees it", async () => {
  const scene = await createScene({ meet: unlessFirst, onQuarantine: { flag: true } });
  await scene.arrive(["m1", "m2"]);
  await scene.clock.advance(10);
  expect(scene.handed.map(({ id }) => id)).toEqual(["m1"]);
  expect(scene.told).toEqual([{ name: "message:quarantined", queue: "Support@Contoso.com", id: "m2", attempts: 0, reason: storm }]);
  expect(scene.marks).toMatchObject([{ id: "m2", outcome: "quarantined", mark: { flag: true } }]);
  expect([scene.dispatcher.inFlightCount, scene.dispatcher.waitingCount]).toEqual([1, 0]);
});

test("the next of its conversation is looked at in its turn", async () => {
  const scene = await createScene({ meet: unlessFirst, maxInFlight: 2 });
  await scene.arrive(["a:2", "a:3", "a:4", "a:1"]);
  await scene.clock.advance(50);
  expect(scene.handed.map(({ id }) => id)).toEqual(["a:1"]);
  expect(scene.told.map((one) => ("id" in one ? one.id : ""))).toEqual(["a:2", "a:3", "a:4"]);
});

test("a message that was handed over before is not asked about again, nor one that is replayed", async () => {
  const met: string[] = [];
  const scene = await createScene({
    meet({ id }) {
      met.push(id);
      return id === "m2" ? storm : undefined;
    },
  });
  await scene.arrive(["m1", "m2"]);
  scene.of("m1")[0]!.fail(new Error("not now"));
  await scene.clock.advance(60_000);
  expect(scene.of("m1")).toHaveLength(2);
  const again = await scene.done(scene.ledger.reopen("m2"));
  scene.dispatcher.add([again!]);
  await scene.clock.advance(1_000);
  expect(scene.of("m2")).toHaveLength(1);
  expect(met).toEqual(["m1", "m2"]);
});

test("a stop waits until the rest is recorded, and nothing is told before", async () => {
  const scene = await createScene({ meet: () => storm });
  scene.store.hold(isOfWork);
  await scene.arrive(["m1"]);
  let ended = false;
  void scene.dispatcher.stop(30_000).then(() => {
    ended = true;
  });
  await scene.clock.advance(1_000);
  expect([ended, scene.dispatcher.inFlightCount, scene.told]).toEqual([false, 1, []]);
  expect((await scene.stored()).map(({ id, state }) => `${id} ${state}`)).toEqual(["m1 pending"]);
  scene.store.release();
  await scene.clock.advance(10);
  expect([ended, scene.names(), await scene.stored()]).toEqual([true, ["message:quarantined"], []]);
});
