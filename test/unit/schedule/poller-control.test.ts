/** What a host asks of a poller: a round now, a pause, an end; and what it gets when that meets a turn under way. */

import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { createPace } from "../../../src/schedule/pace.js";
import { settle } from "../../support/manual-clock.js";
import { createPolling, fine } from "./polling.js";

const hour = 3_600_000;

/** How a promise stands now. */
function watch(work: Promise<unknown>) {
  const seen = { state: "waiting", error: undefined as unknown };
  work.then(
    () => Object.assign(seen, { state: "done" }),
    (error: unknown) => Object.assign(seen, { state: "failed", error }),
  );
  return seen;
}

async function idle() {
  const scene = await createPolling();
  scene.begin();
  await settle();
  await scene.end(fine);
  return scene;
}

test("pollNow begins a round at once and resolves when it is complete", async () => {
  const scene = await idle();
  const polled = watch(scene.poller.pollNow());
  await settle();
  expect([scene.turns, polled.state]).toEqual([2, "waiting"]);
  await scene.end(fine);
  expect(polled.state).toBe("done");
});

test("pollNow during a round waits for the next one: its own mail may have come after this one's page", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  const polled = watch(scene.poller.pollNow());
  await scene.end(fine);
  expect([scene.turns, polled.state]).toEqual([2, "waiting"]);
  await scene.end(fine);
  expect(polled.state).toBe("done");
});

test("many who ask at once share one round", async () => {
  const scene = await idle();
  const polled = Array.from({ length: 10 }, () => watch(scene.poller.pollNow()));
  await settle();
  await scene.end(fine);
  expect(polled.map(({ state }) => state)).toEqual(Array.from({ length: 10 }, () => "done"));
  expect(scene.turns).toBe(2);
});

test("a round that goes on in a later turn ends no staleness, its why is told, and who waits for it, as a handler may, does not wait on", async () => {
  const scene = await idle();
  const { lastRoundAt } = scene.poller;
  const polled = watch(scene.poller.pollNow());
  await settle();
  await scene.end({ ...fine, unfinished: true });
  expect([polled.state, scene.poller.lastRoundAt]).toEqual(["done", lastRoundAt]);
  expect(scene.poller.why).toContain("highWaterMessages");
  expect(scene.of("queue:polled").at(-1)?.nextInMs).toBeLessThanOrEqual(2_000);
  await scene.end(fine);
  expect(scene.poller.lastRoundAt).toBeGreaterThan(lastRoundAt as number);
});

test("pollNow fails with what its round failed with, and a later one is its own", async () => {
  const scene = await idle();
  const first = watch(scene.poller.pollNow());
  await settle();
  const second = watch(scene.poller.pollNow());
  const error = new MailError("GRAPH_UNREACHABLE", "Gone.");
  await scene.end(error);
  expect([first.state, first.error, second.state]).toEqual(["failed", error, "waiting"]);
  await scene.end(fine);
  expect(second.state).toBe("done");
});

test("pollNow of a queue that was never begun waits for its first round", async () => {
  const scene = await createPolling();
  const polled = watch(scene.poller.pollNow());
  scene.begin();
  await settle();
  await scene.end(fine);
  expect(polled.state).toBe("done");
});

test("a pause ends the rounds, and tells those who wait for one", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  const asked = watch(scene.poller.pollNow());
  scene.poller.pause();
  await settle();
  expect([asked.state, asked.error]).toMatchObject(["failed", { code: "LIFECYCLE_PAUSED" }]);
  await expect(scene.poller.pollNow()).rejects.toMatchObject({ code: "LIFECYCLE_PAUSED" });
  expect(scene.poller.state).toBe("polling");
  await scene.end(fine);
  expect([scene.poller.state, scene.poller.why]).toEqual(["paused", "pause() was called"]);
  await scene.clock.advance(24 * hour);
  expect(scene.turns).toBe(1);
});

test("a pause takes effect on a queue that idles, and on its deliveries", async () => {
  const scene = await idle();
  scene.poller.pause();
  expect(scene.states().at(-1)).toEqual(["idle", "paused", "pause() was called"]);
  const [entry] = await scene.session.ledger.record([{ id: "m1", folder: "inbox", becomes: "pending" }], {
    key: [scene.session.ledger.queueKey, "cursor", "inbox"],
    value: {},
  });
  scene.session.dispatcher.add([entry!], new Map([["m1", { id: "m1" }]]));
  await scene.clock.advance(hour);
  expect([scene.turns, scene.deliveries.length]).toEqual([1, 0]);
  scene.poller.resume();
  await scene.clock.advance(10);
  expect([scene.turns, scene.deliveries.length]).toEqual([2, 1]);
});

test("a resumed queue has its round at once", async () => {
  const scene = await idle();
  scene.poller.pause();
  await scene.clock.advance(hour);
  scene.poller.resume();
  scene.poller.resume();
  await settle();
  expect(scene.turns).toBe(2);
  expect(scene.states().slice(-3)).toEqual([
    ["idle", "paused", "pause() was called"],
    ["paused", "idle", "resume() was called"],
    ["idle", "polling", "a round began"],
  ]);
});

test("a pause that was taken back during a round is no change of state: the round is still under way", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  scene.poller.pause();
  scene.poller.resume();
  expect(scene.poller.state).toBe("polling");
  await scene.end(fine);
  // The wake-up of the resuming leads to one more.
  expect(scene.states().map(([, to]) => to)).toEqual(["polling", "idle", "polling"]);
});

test("a queue that is paused while it fails, or waits for its sign-in, stays paused", async () => {
  const failing = await createPolling();
  failing.begin();
  await settle();
  failing.poller.pause();
  await failing.end(new MailError("GRAPH_UNREACHABLE", "Gone."));
  await failing.clock.advance(hour);
  expect([failing.poller.state, failing.turns]).toEqual(["paused", 1]);

  const waiting = await createPolling();
  waiting.begin();
  await settle();
  await waiting.end(new MailError("AUTH_SIGN_IN_REQUIRED", "Sign in."));
  waiting.poller.pause();
  waiting.signIn();
  await waiting.clock.advance(hour);
  expect([waiting.poller.state, waiting.turns]).toEqual(["paused", 1]);
  waiting.poller.resume();
  await settle();
  expect(waiting.poller.state).toBe("polling");
});

test("a stop cuts the round off, and no other comes, whatever is asked", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  const [under, next] = [watch(scene.poller.pollNow()), watch(scene.poller.pollNow())];
  scene.poller.stop("stop() was called");
  await settle();
  expect([under.error, next.error]).toMatchObject([{ code: "LIFECYCLE_STOPPED" }, { code: "LIFECYCLE_STOPPED" }]);
  scene.poller.pause();
  scene.poller.resume();
  scene.scheduler.wake(scene.session.settings.address);
  await expect(scene.poller.pollNow()).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
  await scene.clock.advance(hour);
  expect([scene.turns, scene.poller.state, scene.poller.why]).toEqual([1, "stopped", "stop() was called"]);
  expect(scene.of("queue:failed")).toEqual([]);
  expect(scene.clock.pending()).toBe(0);
});

test("a stop that comes when the round was complete already does not bring the state back", async () => {
  const scene = await createPolling({ turn: () => Promise.resolve(fine) });
  scene.begin();
  scene.poller.stop("stop() was called");
  await settle();
  expect([scene.poller.state, scene.poller.why]).toEqual(["stopped", "stop() was called"]);
});

test("a stop ends the watch for a sign-in quietly", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  await scene.end(new MailError("AUTH_SIGN_IN_REQUIRED", "Sign in."));
  const before = scene.told.length;
  scene.poller.stop("stop() was called");
  await settle();
  expect(scene.told.slice(before).map(({ name }) => name)).toEqual(["queue:state"]);
});

test("a queue that another process has taken is told upwards and not polled again", async () => {
  const scene = await idle();
  const polled = watch(scene.poller.pollNow());
  await settle();
  await scene.end(new MailError("LIFECYCLE_LOST_QUEUE", "Taken."));
  expect(scene.lost).toMatchObject([{ code: "LIFECYCLE_LOST_QUEUE" }]);
  expect(polled.error).toMatchObject({ code: "LIFECYCLE_LOST_QUEUE" });
  await scene.clock.advance(hour);
  expect(scene.turns).toBe(2);
  // Should somebody ask all the same, no state is told twice.
  void scene.poller.pollNow().catch(() => undefined);
  await settle();
  expect(scene.states().filter(([from, to]) => from === to)).toEqual([]);
});

test("a queue that is paused during its round plans nothing any more", async () => {
  const pace = createPace({ allowed: 0.01, sent: () => 0 });
  const scene = await createPolling({ pace });
  scene.begin();
  await scene.end(fine);
  expect(pace.stretch).toBeGreaterThan(1);
  void scene.poller.wake();
  await settle();
  scene.poller.pause();
  await scene.end(fine);
  expect(scene.poller.state).toBe("paused");
  expect(pace.stretch).toBe(1);
});
