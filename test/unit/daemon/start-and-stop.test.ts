/** From `start()` to `stopped`, also where the two meet, and what is told when something cannot be let go of. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { ownerKey } from "../../../src/state/ownership.js";
import { address } from "../../support/host.js";
import { away } from "../../support/troubled-store.js";
import { createScene, foreign } from "./set-up.js";

test("the states follow each other, and each end is told", async () => {
  const scene = createScene();
  const daemon = scene.daemon();
  expect(daemon.status()).toMatchObject({ state: "new", queues: [{ address, state: "stopped", why: "the daemon is not running" }] });
  const started = daemon.start();
  expect(daemon.status().state).toBe("starting");
  await scene.done(started);
  expect(daemon.status().state).toBe("running");
  const stopped = daemon.stop();
  expect(daemon.status().state).toBe("stopping");
  await scene.done(stopped);
  expect(daemon.status()).toMatchObject({ state: "stopped", queues: [{ state: "stopped" }] });
  expect(await daemon.stopped).toBeUndefined();
  expect(scene.told.filter(({ name }) => name.startsWith("daemon:"))).toEqual([
    { name: "daemon:started", queues: 1 },
    { name: "daemon:stopping", why: "stop() was called" },
    { name: "daemon:stopped", why: "stop() was called" },
  ]);
  expect([scene.clock.pending(), await ownerRecord(scene)]).toEqual([0, undefined]);
});

async function ownerRecord({ store }: ReturnType<typeof createScene>): Promise<unknown> {
  await store.open();
  const record = await store.get(ownerKey);
  await store.close();
  return record?.value;
}

test("start and stop give the same promise when they are called again", async () => {
  const scene = createScene();
  const daemon = scene.daemon();
  expect(daemon.start()).toBe(daemon.start());
  expect(daemon.stop()).toBe(daemon.stop({ deadlineMs: 5 }));
  await scene.done(daemon.stop());
});

test("a stop before the start ends a daemon that never ran", async () => {
  const scene = createScene();
  const daemon = scene.daemon();
  await daemon.stop();
  expect(await daemon.stopped).toBeUndefined();
  await expect(daemon.start()).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
  await expect(daemon.addQueue({ address: "other@contoso.com" })).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
  await expect(daemon.removeQueue(address)).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
});

test("a stop during a start lets it finish and then takes everything apart", async () => {
  const scene = createScene();
  const daemon = scene.daemon();
  const started = daemon.start();
  const stopped = daemon.stop();
  await scene.done(Promise.all([started, stopped]));
  expect(scene.names().filter((name) => name.startsWith("daemon:"))).toEqual(["daemon:started", "daemon:stopping", "daemon:stopped"]);
  expect([daemon.status().state, scene.clock.pending(), await ownerRecord(scene)]).toEqual(["stopped", 0, undefined]);
});

const failing: readonly [string, (scene: ReturnType<typeof createScene>) => Promise<void> | void, string][] = [
  [
    "the store cannot be opened",
    ({ store }) => {
      store.open = () => Promise.reject(new MailError("STORE_NOT_WRITABLE", "No."));
    },
    "STORE_NOT_WRITABLE",
  ],
  [
    "the store refuses the owner's record",
    ({ store }) => {
      store.refuse = away;
    },
    "STORE_UNAVAILABLE",
  ],
  [
    "the store refuses a queue's epoch",
    ({ store }) => {
      store.refuse = ({ puts }) => (puts?.[0]?.key[1] === "epoch" ? away() : undefined);
    },
    "STORE_UNAVAILABLE",
  ],
  [
    "another daemon has the store",
    async ({ store }) => {
      await store.open();
      await store.commit({ puts: [{ key: ownerKey, value: foreign }] });
      await store.close();
    },
    "LIFECYCLE_STORE_IN_USE",
  ],
];

test.each(failing)("a start that fails because %s ends in `stopped`, with nothing left behind", async (_, prepare, code) => {
  const scene = createScene();
  await prepare(scene);
  const daemon = scene.daemon();
  await expect(scene.done(daemon.start())).rejects.toMatchObject({ code });
  expect(await daemon.stopped).toBeUndefined();
  expect([daemon.status().state, scene.clock.pending()]).toEqual(["stopped", 0]);
  await daemon.stop();
});

test.each(failing)("a stop during a start that fails because %s ends as well, and the start tells why", async (_, prepare, code) => {
  const scene = createScene();
  await prepare(scene);
  const daemon = scene.daemon();
  const started = expect(scene.done(daemon.start())).rejects.toMatchObject({ code });
  const stopped = daemon.stop();
  await scene.done(stopped);
  await started;
  expect(await daemon.stopped).toBeUndefined();
  expect([daemon.status().state, scene.clock.pending()]).toEqual(["stopped", 0]);
});

test("of a start and a close that both fail, the start tells its own error and the stop the other", async () => {
  const scene = createScene();
  scene.store.refuse = ({ puts }) => (puts?.[0]?.key[1] === "epoch" ? new MailError("STORE_NOT_WRITABLE", "No.") : undefined);
  const { close } = scene.store;
  scene.store.close = async () => {
    await close();
    throw away();
  };
  const daemon = scene.daemon();
  const started = expect(scene.done(daemon.start())).rejects.toMatchObject({ code: "STORE_NOT_WRITABLE" });
  await expect(scene.done(daemon.stop())).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await started;
  scene.store.close = close;
});

test("without a handler and a listener the start is refused, and the store is not touched", async () => {
  const scene = createScene();
  scene.store.open = () => Promise.reject(new Error("The test's store must not be opened."));
  const daemon = scene.daemon({ listens: true });
  await expect(daemon.start()).rejects.toMatchObject({ name: "ConfigError", code: "CONFIG_NO_HANDLER" });
  await expect(daemon.start()).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
});

test("a close that fails is told by stop() and in the event, and everything else is let go of all the same", async () => {
  const scene = createScene();
  const daemon = scene.daemon();
  await scene.done(daemon.start());
  const close = scene.store.close;
  let closed = 0;
  scene.store.close = async () => {
    closed += 1;
    await close();
    throw new MailError("STORE_UNAVAILABLE", "It could not be closed.");
  };
  await expect(scene.done(daemon.stop())).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", message: "It could not be closed." });
  expect(scene.told.at(-1)).toEqual({ name: "daemon:stopped", why: "stop() was called", code: "STORE_UNAVAILABLE" });
  expect([closed, daemon.status().state, scene.clock.pending()]).toEqual([1, "stopped", 0]);
  expect(await daemon.stopped).toBeUndefined();
  scene.store.close = close;
});

test("an owner's record that cannot be deleted is told, and the store is closed all the same", async () => {
  const scene = createScene();
  const daemon = scene.daemon();
  await scene.done(daemon.start());
  scene.store.refuse = ({ deletes }) => (deletes?.some(([space]) => space === "daemon") ? away() : undefined);
  await expect(scene.done(daemon.stop())).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await expect(scene.store.get(ownerKey)).rejects.toMatchObject({ code: "STORE_NOT_OPEN" });
});

test.each([-1, Number.NaN, "30s", null])("a deadline of %s is refused, and nothing is stopped", async (deadlineMs) => {
  const scene = createScene();
  const daemon = scene.daemon();
  await scene.done(daemon.start());
  const options = { deadlineMs: deadlineMs as number };
  const expected = { name: "ConfigError", code: "CONFIG_INVALID", message: expect.stringContaining(`got ${String(deadlineMs)}`) };
  await expect(daemon.stop(options)).rejects.toMatchObject(expected);
  await expect(daemon.removeQueue(address, options)).rejects.toMatchObject(expected);
  expect(daemon.status().state).toBe("running");
});

test("a daemon is disposed of by `await using`", async () => {
  const scene = createScene();
  const daemon = scene.daemon();
  await scene.done(daemon.start());
  await scene.done(Promise.resolve(daemon[Symbol.asyncDispose]()));
  expect(daemon.status().state).toBe("stopped");
});

test("a stop cuts off a handler at its deadline, also one that never ends, and leaves no timer", async () => {
  const scene = createScene();
  scene.sim.user(address).mailbox.deliver();
  scene.work = () => new Promise(() => undefined);
  const daemon = scene.daemon();
  await scene.signIn(daemon);
  await scene.done(daemon.start());
  await scene.until(() => scene.deliveries.length === 1);
  const before = scene.clock.now();
  await scene.done(daemon.stop({ deadlineMs: 5_000 }));
  expect(scene.clock.now() - before).toBeLessThan(6_000);
  expect(scene.deliveries[0]?.signal.reason).toMatchObject({ code: "LIFECYCLE_STOPPED" });
  expect(scene.clock.pending()).toBe(0);
});

test("a stop ends although the store is away; what was in flight comes again", async () => {
  const scene = createScene();
  scene.sim.user(address).mailbox.deliver();
  const first = scene.daemon();
  await scene.signIn(first);
  await scene.done(first.start());
  await scene.until(() => scene.deliveries.length === 1);
  scene.store.refuse = away;
  await expect(scene.done(first.stop({ deadlineMs: 1_000 }))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(scene.clock.pending()).toBe(0);
  scene.store.refuse = undefined;
  await scene.clock.advance(10_000);
  scene.work = () => Promise.resolve();
  const second = scene.daemon();
  await scene.done(second.start());
  await scene.until(() => scene.names().includes("message:settled"));
  expect(scene.deliveries.map(({ attempt }) => attempt)).toEqual([1, 1]);
});
