/** Sweeps asked of the daemon: of one queue or of all, also where not every one can be swept. */
import { expect, test } from "vitest";
import { openKey } from "../../../src/delivery/ledger-record.js";
import { address } from "../../support/host.js";
import { createScene, type Scene } from "./set-up.js";

const other = "other@contoso.com";
const none = { listed: 0, known: 0, found: 0, gone: 0 };

/** Two queues that are signed in and run, each with a mail that was there before; and the queues that were swept. */
async function twoQueues(scene: Scene) {
  const daemon = scene.daemon({ defaults: { startFrom: "now" } });
  const swept: string[] = [];
  daemon.on("queue:swept", ({ queue }) => swept.push(queue));
  for (const queue of [address, other]) {
    scene.sim.user(queue).mailbox.deliver({ receivedAt: scene.clock.now() - 60_000 });
    await scene.signIn(daemon, queue);
  }
  await scene.done(daemon.start());
  return { daemon, swept };
}

test("a sweep of all queues gives the sums, a sweep of one its own, and one of no queues zeros", async () => {
  const scene = createScene([address, other]);
  const { daemon, swept } = await twoQueues(scene);
  expect(await scene.done(daemon.sweep())).toEqual({ ...none, listed: 2, known: 2 });
  expect(await scene.done(daemon.sweep(address.toUpperCase()))).toEqual({ ...none, listed: 1, known: 1 });
  expect(swept.toSorted()).toEqual([address, address, other].toSorted());
  await scene.done(Promise.all([daemon.removeQueue(address), daemon.removeQueue(other)]));
  expect(await daemon.sweep()).toEqual(none);
});

test("a paused queue keeps no other from its sweep; the caller hears of it when all have ended", async () => {
  const scene = createScene([address, other]);
  const { daemon, swept } = await twoQueues(scene);
  await daemon.pause(other);
  await expect(scene.done(daemon.sweep())).rejects.toMatchObject({ code: "LIFECYCLE_PAUSED", queue: other });
  expect(swept).toEqual([address]);
});

test("a queue that does not run keeps no other from its sweep", async () => {
  const scene = createScene([address, other]);
  await scene.store.open();
  await scene.store.commit({ puts: [{ key: openKey(other, 1), value: "broken" }] });
  await scene.store.close();
  const { daemon, swept } = await twoQueues(scene);
  await expect(scene.done(daemon.sweep())).rejects.toMatchObject({ code: "LIFECYCLE_NOT_STARTED", queue: other });
  expect(swept).toEqual([address]);
});
