/** What a poller tells of a queue without complete rounds: since when, in which state, why, and what to do. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { settle } from "../../support/manual-clock.js";
import { createPolling, fine } from "./polling.js";
import { address } from "./set-up.js";

/** The default with the default interval of 30 s. */
const limitMs = 300_000;

async function begun() {
  const scene = await createPolling();
  scene.begin();
  await settle();
  return scene;
}

test("a queue that waits for its sign-in is told stale with its remedy, and recovered by the first round", async () => {
  const scene = await begun();
  await scene.end(fine);
  const lastRoundAt = scene.clock.now();
  const advice = { remedy: "Sign in.", who: "user", step: "sign-in" } as const;
  await scene.end(new MailError("AUTH_SIGN_IN_REQUIRED", "Nobody is signed in.", advice));
  await scene.clock.advance(limitMs);
  expect(scene.of("queue:stale")).toEqual([
    {
      name: "queue:stale",
      queue: address,
      lastRoundAt,
      staleForMs: limitMs,
      state: "waiting-for-sign-in",
      why: "AUTH_SIGN_IN_REQUIRED: Nobody is signed in.",
      ...advice,
    },
  ]);
  expect(scene.poller.isStale).toBe(true);
  scene.signIn();
  await settle();
  await scene.end(fine);
  expect(scene.of("queue:recovered")).toEqual([{ name: "queue:recovered", queue: address, staleForMs: scene.clock.now() - lastRoundAt }]);
  expect(scene.poller.isStale).toBe(false);
});

test("a throttled and an unavailable queue are stale too", async () => {
  for (const code of ["GRAPH_THROTTLED", "GRAPH_MAILBOX_UNAVAILABLE"] as const) {
    const scene = await begun();
    scene.session.mailbox.gate.bar({ until: scene.clock.now() + 3_600_000, code: "ApplicationThrottled" });
    await scene.end(new MailError(code, "Not now."));
    await scene.clock.advance(limitMs);
    const state = code === "GRAPH_THROTTLED" ? "throttled" : "unavailable";
    expect(scene.of("queue:stale")).toMatchObject([{ state, why: `${code}: Not now.` }]);
  }
});

test("a round that hangs is stale by what the last one failed with", async () => {
  const scene = await begun();
  await scene.end(new MailError("GRAPH_UNREACHABLE", "No network."));
  await scene.clock.advance(limitMs);
  expect(scene.of("queue:stale")).toMatchObject([{ state: "polling", why: "GRAPH_UNREACHABLE: No network.", remedy: expect.any(String) }]);
  expect(scene.of("queue:stale")[0]).not.toHaveProperty("lastRoundAt");
});

test("a paused queue is not stale; resumed and hanging it is", async () => {
  const scene = await begun();
  await scene.end(fine);
  scene.poller.pause();
  await scene.clock.advance(10 * limitMs);
  scene.poller.resume();
  await scene.clock.advance(limitMs - 1);
  expect(scene.of("queue:stale")).toEqual([]);
  await scene.clock.advance(1);
  expect(scene.of("queue:stale")).toMatchObject([{ staleForMs: limitMs }]);
});

test("a stopped queue leaves no timer and is told no more", async () => {
  const scene = await begun();
  scene.poller.stop("removeQueue() was called");
  await scene.scheduler.stop();
  expect(scene.clock.pending()).toBe(0);
  await scene.clock.advance(10 * limitMs);
  expect([scene.of("queue:stale"), scene.poller.isStale]).toEqual([[], false]);
});

test("while the store is in trouble no round begins, nothing is told a second time, and rounds come by themselves after it", async () => {
  const scene = await begun();
  await scene.end(fine);
  const remedy = "See whether the disk is full.";
  scene.trouble = new MailError("STORE_UNAVAILABLE", "The disk is full.", { remedy });
  await scene.clock.advance(limitMs - 1_000);
  expect([scene.turns, scene.of("queue:failed"), scene.poller.state]).toEqual([1, [], "idle"]);
  expect([scene.poller.why, scene.poller.advice]).toEqual(["STORE_UNAVAILABLE: The disk is full.", { remedy }]);
  await expect(scene.poller.pollNow()).rejects.toBe(scene.trouble);
  await scene.clock.advance(2_000);
  expect(scene.of("queue:stale")).toMatchObject([{ why: "STORE_UNAVAILABLE: The disk is full.", remedy }]);
  scene.trouble = undefined;
  await scene.clock.advance(4_000);
  expect(scene.turns).toBe(2);
  await scene.end(fine);
  expect(scene.of("queue:recovered")).toHaveLength(1);
});
