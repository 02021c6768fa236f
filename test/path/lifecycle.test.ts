/** Starting, stopping, restarting: what a host can rely on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createMailDaemon, generateKey, keyRing, lmdbStore, memoryStore } from "../../src/index.js";
import { address, hostOptions, many, next, signedIn, simulatorWith } from "../support/host.js";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mail-daemon-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("what a stop left undelivered is delivered by the next daemon, without a request to Entra", async () => {
  const sim = simulatorWith();
  const ids = sim.user(address).mailbox.deliverMany(Array.from({ length: 30 }, (_, index) => ({ subject: `mail ${index}` })));
  const store = lmdbStore(temporaryFolder());
  const vaultKeys = keyRing([{ id: "k1", key: generateKey() }]);
  const options = { ...hostOptions(sim), store, vaultKeys };
  const first = await signedIn(sim, { ...options, defaults: { maxInFlight: 2, startFrom: "everything" } });
  const settled: string[] = [];
  first.on("message:settled", ({ id }) => settled.push(id));
  const some = many(first, "message:settled", 4);
  await first.start();
  await some;
  await first.stop();
  const before = sim.log.count({ route: "token" });

  const second = createMailDaemon({ ...options, handler: ({ message }) => void settled.push(message.id) });
  const rest = many(second, "message:settled", ids.length - settled.length);
  await second.start();
  await rest;
  await second.stop();
  expect(settled.toSorted()).toEqual(ids.toSorted());
  expect(sim.log.count({ route: "token" })).toBe(before);
});

test("a stop waits for the handler in flight, and for its mark", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const id = mailbox.deliver();
  let finish: () => void = () => undefined;
  const work = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let begun: () => void = () => undefined;
  const inside = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const handler = () => {
    begun();
    return work;
  };
  const daemon = await signedIn(sim, hostOptions(sim, { handler }));
  await daemon.start();
  await inside;
  const stopped = daemon.stop();
  expect(daemon.status().state).not.toBe("stopped");
  finish();
  await stopped;
  expect(mailbox.message(id)?.isRead).toBe(true);
});

test("a handler cut off by the stop's deadline is told by its signal, and its attempt does not count", async () => {
  const sim = simulatorWith();
  sim.user(address).mailbox.deliver();
  const options = hostOptions(sim);
  const attempts: number[] = [];
  let begun: () => void = () => undefined;
  const inside = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const reasons: unknown[] = [];
  const first = await signedIn(sim, {
    ...options,
    handler: ({ attempt, signal }) =>
      new Promise((resolve) => {
        attempts.push(attempt);
        signal.addEventListener("abort", () => {
          reasons.push((signal.reason as { code: string }).code);
          resolve(undefined);
        });
        begun();
      }),
  });
  await first.start();
  await inside;
  await first.stop({ deadlineMs: 1 });
  const second = createMailDaemon({ ...options, handler: ({ attempt }) => void attempts.push(attempt) });
  const settled = next(second, "message:settled");
  await second.start();
  await settled;
  await second.stop();
  expect(attempts).toEqual([1, 1]);
  expect(reasons).toEqual(["LIFECYCLE_STOPPED"]);
});

test("stop() and pollNow() inside a handler do not wait for themselves", async () => {
  const sim = simulatorWith();
  sim.user(address).mailbox.deliver();
  const options = hostOptions(sim);
  const daemon = await signedIn(sim, {
    ...options,
    handler: async () => {
      await daemon.pollNow(address);
      await daemon.stop();
    },
  });
  const settled = next(daemon, "message:settled");
  await daemon.start();
  await settled;
  expect(await daemon.stopped).toBeUndefined();
});

test("a second daemon on the same LMDB store is refused and harms nothing; after the stop it may start", async () => {
  const sim = simulatorWith();
  const folder = temporaryFolder();
  const vaultKeys = keyRing([{ id: "k1", key: generateKey() }]);
  const options = (path: string) => ({ ...hostOptions(sim), store: lmdbStore(path), vaultKeys });
  const first = await signedIn(sim, options(folder));
  await first.start();
  const second = createMailDaemon(options(folder));
  await expect(second.start()).rejects.toMatchObject({ code: "LIFECYCLE_STORE_IN_USE" });
  const marked = next(first, "message:marked");
  sim.user(address).mailbox.deliver();
  await marked;
  await first.stop();
  const third = createMailDaemon(options(folder));
  await third.start();
  await third.stop();
});

test("start and stop are idempotent, and a stopped daemon does not start again", async () => {
  const sim = simulatorWith();
  const daemon = await signedIn(sim, hostOptions(sim));
  await Promise.all([daemon.start(), daemon.start()]);
  await Promise.all([daemon.stop(), daemon.stop()]);
  await expect(daemon.start()).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
  await expect(daemon.signIn(address, { method: "refreshToken", refreshToken: "x" })).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
});

test("a stop right after the start, not awaited, leaves nothing running", async () => {
  const sim = simulatorWith();
  const daemon = await signedIn(sim, hostOptions(sim));
  const started = daemon.start();
  await daemon.stop();
  await started;
  expect(daemon.status()).toMatchObject({ state: "stopped", queues: [{ address, state: "stopped" }] });
});

test("a queue without a token waits and says so, the others run; signing it in makes it run", async () => {
  const other = "sales@contoso.com";
  const sim = simulatorWith([address, other]);
  const options = { ...hostOptions(sim), queues: [{ address }, { address: other }] };
  const daemon = createMailDaemon(options);
  await daemon.signIn(other, { method: "refreshToken", refreshToken: sim.user(other).issueRefreshToken() });
  const required = next(daemon, "queue:sign-in-required");
  const otherMarked = next(daemon, "message:marked", ({ queue }) => queue === other);
  sim.user(other).mailbox.deliver();
  await daemon.start();
  expect(await required).toMatchObject({ queue: address, code: "AUTH_SIGN_IN_REQUIRED", remedy: expect.any(String) });
  await otherMarked;
  const marked = next(daemon, "message:marked", ({ queue }) => queue === address);
  sim.user(address).mailbox.deliver();
  await daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() });
  await marked;
  await daemon.stop();
});

test("keys that open no record fail the start and leave the records as they are", async () => {
  const sim = simulatorWith();
  const store = memoryStore();
  const vaultKeys = keyRing([{ id: "k1", key: generateKey() }]);
  await (await signedIn(sim, { ...hostOptions(sim), store, vaultKeys })).stop();
  const wrong = createMailDaemon({ ...hostOptions(sim), store, vaultKeys: keyRing([{ id: "k2", key: generateKey() }]) });
  await expect(wrong.start()).rejects.toMatchObject({ code: "AUTH_VAULT_KEY_UNKNOWN" });
  const right = createMailDaemon({ ...hostOptions(sim), store, vaultKeys });
  const polled = next(right, "queue:polled");
  await right.start();
  await polled;
  await right.stop();
});

test("a listener that throws is reported and breaks nothing", async () => {
  const sim = simulatorWith();
  sim.user(address).mailbox.deliver();
  const daemon = await signedIn(sim, hostOptions(sim));
  daemon.on("message:settled", () => {
    throw new Error("listener");
  });
  const failed = next(daemon, "listener:failed");
  const marked = next(daemon, "message:marked");
  await daemon.start();
  expect(await failed).toMatchObject({ event: "message:settled", error: expect.objectContaining({ message: "listener" }) });
  await marked;
  await daemon.stop();
});

test("queues can be added and removed while the daemon runs", async () => {
  const other = "sales@contoso.com";
  const sim = simulatorWith([address, other]);
  const daemon = await signedIn(sim, hostOptions(sim));
  await daemon.start();
  await daemon.addQueue({ address: other });
  await expect(daemon.addQueue({ address: other.toUpperCase() })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  const marked = next(daemon, "message:marked", ({ queue }) => queue === other);
  sim.user(other).mailbox.deliver();
  await daemon.signIn(other, { method: "refreshToken", refreshToken: sim.user(other).issueRefreshToken() });
  await marked;
  await daemon.removeQueue(other);
  await expect(daemon.pollNow(other)).rejects.toMatchObject({ code: "LIFECYCLE_UNKNOWN_QUEUE" });
  expect(daemon.status().queues.map((queue) => queue.address)).toEqual([address]);
  await daemon.stop();
});

test("a paused queue takes no new work, and goes on when it is resumed", async () => {
  const sim = simulatorWith();
  const daemon = await signedIn(sim, hostOptions(sim));
  await daemon.start();
  await daemon.pollNow(address);
  await daemon.pause(address);
  await expect(daemon.pollNow(address)).rejects.toMatchObject({ code: "LIFECYCLE_PAUSED" });
  sim.user(address).mailbox.deliver();
  const marked = next(daemon, "message:marked");
  await daemon.resume(address);
  await marked;
  await daemon.stop();
});

test("a stop ends a sign-in under way, and nothing is stored or told after it", async () => {
  const sim = simulatorWith();
  const told: string[] = [];
  let asked: () => void = () => undefined;
  const atEntra = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const fetch: typeof globalThis.fetch = (_, init) => {
    asked();
    return new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
  };
  const hanging = createMailDaemon({ ...hostOptions(sim), fetch });
  hanging.on("queue:signed-in", ({ queue }) => told.push(queue));
  const signIn = hanging.signIn(address, { method: "refreshToken", refreshToken: "any" });
  const refused = expect(signIn).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
  await atEntra;
  await hanging.stop();
  await refused;
  expect(told).toEqual([]);
});

test("a key function that never answers does not outlast the stop's deadline", async () => {
  const sim = simulatorWith();
  const daemon = createMailDaemon({ ...hostOptions(sim), vaultKeys: () => new Promise(() => undefined) });
  const started = expect(daemon.start()).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
  await daemon.stop({ deadlineMs: 10 });
  await started;
  expect(daemon.status().state).toBe("stopped");
});
