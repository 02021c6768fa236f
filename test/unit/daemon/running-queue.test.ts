/** One queue from taking to letting go: whatever ends it, no turn runs and nothing is handed over afterwards. */
import { expect, test } from "vitest";
import { clouds } from "../../../src/base/cloud.js";
import { createEmitter } from "../../../src/base/emitter.js";
import { MailError } from "../../../src/base/errors.js";
import type { DaemonEvents } from "../../../src/daemon/events.js";
import { queueSettings } from "../../../src/daemon/options.js";
import { runQueue } from "../../../src/daemon/running-queue.js";
import { epochKey } from "../../../src/delivery/ledger-record.js";
import { createSolitude } from "../../../src/delivery/solitude.js";
import { createLocalScheduler } from "../../../src/schedule/local.js";
import { createMailboxClaims } from "../../../src/schedule/mailbox-claims.js";
import { createStartPacer, createWalkPacer } from "../../../src/schedule/pacer.js";
import { watchStore } from "../../../src/state/watched-store.js";
import { fixedTokens } from "../../support/fixed-tokens.js";
import { freeContent, freePace, wideGovernor } from "../../support/governance.js";
import { address, createScene, walk } from "../schedule/set-up.js";

const queueKey = address.toLowerCase();
const lost = new MailError("LIFECYCLE_LOST_STORE", "Another daemon has the store.");
const item = (id: string) => ({ id, receivedDateTime: "2026-02-01T00:00:00Z", isRead: false });

async function createQueue() {
  const scene = await createScene();
  const { clock, store, client } = scene;
  const scheduler = createLocalScheduler({ clock });
  const events = createEmitter<DaemonEvents>();
  const states: string[] = [];
  events.on("queue:state", ({ to, why }) => states.push(`${to}: ${why}`));
  const run = () =>
    runQueue({
      settings: queueSettings({ address }, {}),
      store: watchStore(store, { clock, emit: () => undefined }),
      clock,
      client,
      scheduler,
      events,
      hasDelta: true,
      // Its made-up mail has none.
      wantsHeaders: false,
      abilities: clouds.global,
      walkPacer: createWalkPacer(clock),
      startPacer: createStartPacer(clock),
      claims: createMailboxClaims(),
      confirm: async () => undefined,
      governor: wideGovernor(clock),
      contentBudget: freeContent(),
      pace: freePace(),
      mailboxLimits: { width: 4 },
      solitude: createSolitude({ clock }),
      tokens: {
        ...fixedTokens(),
        watchForSignIn: () => Promise.resolve(),
        state: () => ({ state: "ready" }),
        followRecord: () => Promise.resolve(),
      },
      handOver(delivery) {
        scene.deliveries.push(delivery);
        return undefined;
      },
    });
  scene.pages.set(walk("inbox"), { value: [item("a")], delta: "2" });
  scene.pages.set("2", { value: [], delta: "2" });
  return Object.assign(scene, { scheduler, states, run });
}

test("a queue that is taken is polled at once, and its mail handed over", async () => {
  const scene = await createQueue();
  const queue = await scene.run();
  await scene.clock.advance(1_000);
  expect(scene.deliveries.map(({ message }) => message.id)).toEqual(["a"]);
  expect(queue.poller.state).toBe("idle");
  queue.abandon(lost);
  await scene.scheduler.stop();
});

test("a close drains, ends the polling and leaves nothing behind", async () => {
  const scene = await createQueue();
  const queue = await scene.run();
  await scene.clock.advance(1_000);
  const closed = queue.close(5_000, "removeQueue() was called");
  await Promise.all([closed, scene.clock.advance(7_000)]);
  const requests = scene.requests.length;
  await scene.clock.advance(600_000);
  expect(scene.states.at(-1)).toBe("stopped: removeQueue() was called");
  expect([scene.requests.length, scene.clock.pending(), scene.deliveries[0]!.signal.aborted]).toEqual([requests, 0, true]);
});

test("a close waits for a turn that is just recording a page", async () => {
  const scene = await createQueue();
  scene.store.hold(({ puts }) => puts?.some(({ key }) => key[1] === "cursor") ?? false);
  const queue = await scene.run();
  await scene.clock.advance(10);
  expect(scene.store.heldCount).toBe(1);
  let closed = false;
  const close = queue.close(5_000, "stop() was called").then(() => {
    closed = true;
  });
  await scene.clock.advance(60_000);
  expect(closed).toBe(false);
  scene.store.release();
  await scene.clock.advance(10);
  await close;
  expect([scene.deliveries, scene.clock.pending()]).toEqual([[], 0]);
});

test("an abandoned queue is polled no more, hands nothing over and writes nothing", async () => {
  const scene = await createQueue();
  const queue = await scene.run();
  await scene.clock.advance(1_000);
  scene.pages.set("2", { value: [item("b")], delta: "3" });
  const [requests, commits] = [scene.requests.length, scene.store.commits.length];
  queue.abandon(lost);
  scene.scheduler.wake(address);
  await scene.clock.advance(600_000);
  expect([scene.requests.length, scene.store.commits.length, scene.deliveries.length]).toEqual([requests, commits, 1]);
  expect(scene.states.at(-1)).toBe("stopped: LIFECYCLE_LOST_STORE: Another daemon has the store.");
  await queue.close(30_000, "stop() was called");
  expect([scene.states.at(-1), queue.poller.why, scene.clock.pending()]).toEqual([
    "stopped: LIFECYCLE_LOST_STORE: Another daemon has the store.",
    "LIFECYCLE_LOST_STORE: Another daemon has the store.",
    0,
  ]);
});

test.each(["a turn", "a delivery"])("a queue that %s finds taken by another process ends by itself", async (finder) => {
  const scene = await createQueue();
  const queue = await scene.run();
  await scene.clock.advance(1_000);
  await scene.store.commit({ puts: [{ key: epochKey(queueKey), value: 99 }] });
  if (finder === "a delivery") {
    const ack = expect(scene.deliveries[0]!.ack()).rejects.toMatchObject({ code: "LIFECYCLE_LOST_QUEUE" });
    await scene.clock.advance(10);
    await ack;
  } else {
    await scene.clock.advance(60_000);
  }
  expect(queue.poller.state).toBe("stopped");
  expect(queue.poller.why).toContain("LIFECYCLE_LOST_QUEUE");
  expect(scene.deliveries[0]!.signal.aborted).toBe(true);
  const requests = scene.requests.length;
  await scene.clock.advance(600_000);
  expect([scene.requests.length, scene.clock.pending()]).toEqual([requests, 0]);
});

test("a queue that is lost in the moment of its taking ends by itself", async () => {
  const scene = await createQueue();
  await scene.store.commit({ puts: [{ key: [queueKey, "bar"], value: { until: scene.clock.now() + 60_000, code: "x" } }] });
  // The first write after the taking is that of the pause which was kept.
  scene.store.refuse = ({ puts }) => (puts?.[0]?.key[1] === "bar" ? new MailError("STORE_INVALID_ARGUMENT", "No.") : undefined);
  const queue = await scene.run();
  await scene.clock.advance(1_000);
  expect(queue.poller.why).toContain("STORE_INVALID_ARGUMENT");
  await scene.clock.advance(600_000);
  expect([scene.requests, scene.deliveries, scene.clock.pending()]).toEqual([[], [], 0]);
});

test("a queue that cannot be opened begins nothing", async () => {
  const scene = await createQueue();
  await scene.store.commit({ puts: [{ key: [queueKey, "open", 1], value: null }] });
  await expect(scene.run()).rejects.toMatchObject({ code: "STORE_RECORD_INVALID" });
  await scene.clock.advance(60_000);
  expect([scene.requests, scene.clock.pending(), scene.states]).toEqual([[], 0, []]);
});
