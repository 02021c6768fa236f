/** What a handler may call of the daemon it works for, and who counts as being inside of one. */
import { expect, test } from "vitest";
import { address, hostOptions, next, signedIn, simulatorWith } from "../../support/host.js";
import { createScene, type Scene } from "./set-up.js";

async function started(scene: Scene, options: Parameters<Scene["daemon"]>[0] = {}) {
  scene.sim.user(address).mailbox.deliver();
  const daemon = scene.daemon(options);
  await scene.signIn(daemon);
  return daemon;
}

test("a stop inside a handler resolves at once, and the handler is waited for", async () => {
  const scene = createScene();
  const order: string[] = [];
  const daemon = await started(scene);
  scene.work = async () => {
    await daemon.stop();
    order.push("stop() resolved");
  };
  void daemon.stopped.then(() => order.push("stopped"));
  await scene.done(daemon.start());
  await scene.done(daemon.stopped);
  expect(order).toEqual(["stop() resolved", "stopped"]);
  expect(scene.names()).toContain("message:settled");
});

test("a listener of `message` is inside as well, and what it settles is drained", async () => {
  const scene = createScene();
  const daemon = await started(scene, { listens: true });
  daemon.on("message", async (delivery) => {
    await daemon.stop();
    await delivery.ack();
  });
  await scene.done(daemon.start());
  await scene.done(daemon.stopped);
  expect(scene.names()).toContain("message:settled");
});

test("a listener that a handler's own call leads to is outside: its stop() resolves at the end", async () => {
  const scene = createScene();
  const daemon = await started(scene);
  let stateAfterStop: string | undefined;
  daemon.on("message:settled", async () => {
    await daemon.stop();
    stateAfterStop = daemon.status().state;
  });
  scene.work = async (delivery) => {
    await delivery.ack();
    await new Promise<void>((resolve) => scene.clock.startTimer(resolve, 1_000));
  };
  await scene.done(daemon.start());
  await scene.done(daemon.stopped);
  await scene.until(() => stateAfterStop !== undefined);
  expect(stateAfterStop).toBe("stopped");
});

test("the rounds that a handler asked for leave no later listener inside", async () => {
  // On the system's clock: its timers carry the context in which they were started.
  const sim = simulatorWith();
  const daemon = await signedIn(sim, hostOptions(sim, { handler: () => daemon.pollNow(address) }));
  await daemon.start();
  await next(daemon, "queue:polled");
  const marked = next(daemon, "message:marked");
  sim.user(address).mailbox.deliver();
  await marked;
  await next(daemon, "queue:polled");
  const stateAfterStop = await new Promise<string>((resolve) => {
    daemon.once("queue:polled", async () => {
      await daemon.stop();
      resolve(daemon.status().state);
    });
  });
  expect(stateAfterStop).toBe("stopped");
});

test("a stop inside another daemon's handler waits for the end", async () => {
  const scene = createScene();
  const other = createScene();
  const bystander = other.daemon();
  await other.done(bystander.start());
  let state: string | undefined;
  const daemon = await started(scene);
  scene.work = async () => {
    await bystander.stop();
    state = bystander.status().state;
  };
  await scene.done(daemon.start());
  await scene.until(() => state !== undefined);
  expect(state).toBe("stopped");
});

test("after pause() has resolved no handler is called until resume()", async () => {
  const scene = createScene();
  const { mailbox } = scene.sim.user(address);
  mailbox.deliverMany(Array.from({ length: 99 }, (_, index) => ({ subject: `mail ${index}` })));
  scene.work = () => Promise.resolve();
  const daemon = await started(scene, { defaults: { startFrom: "everything", maxInFlight: 4 } });
  await scene.done(daemon.start());
  await scene.until(() => scene.deliveries.length > 20);
  await daemon.pause(address);
  const count = scene.deliveries.length;
  expect(count).toBeLessThan(100);
  await scene.clock.advance(600_000);
  expect(scene.deliveries.length).toBe(count);
  await daemon.resume(address);
  await scene.until(() => scene.deliveries.length === 100);
  expect(new Set(scene.deliveries.map(({ key }) => key)).size).toBe(100);
});

test("pollNow inside a handler resolves when the round is recorded, and fails with what it failed with", async () => {
  const scene = createScene();
  const daemon = await started(scene);
  const results: string[] = [];
  scene.work = async () => {
    await daemon.pollNow(address);
    results.push("polled");
    scene.sim.faults.add({
      name: "refused",
      route: "delta",
      count: 1,
      status: 403,
      body: { error: { code: "ErrorAccessDenied", message: "" } },
    });
    await daemon.pollNow(address).catch(({ code }: { code: string }) => results.push(code));
  };
  await scene.done(daemon.start());
  await scene.until(() => results.length === 2);
  expect(results).toEqual(["polled", "GRAPH_FORBIDDEN"]);
});
