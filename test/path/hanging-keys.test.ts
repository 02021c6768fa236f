/** A key service that never answers holds up nobody for longer than they wait: neither a stop, nor a sign-in. */
import { expect, test } from "vitest";
import { generateKey, type KeyFunction, type VaultKeyInput } from "../../src/index.js";
import { rejected } from "../support/rejection.js";
import { address, other, refusalScene } from "./refusal-scene.js";

const deadlineMs = 200;
const never = () => new Promise<never>(() => undefined);

/** A daemon whose keys come from a function that hangs from the load on that the test says. */
function hangingScene() {
  const scene = refusalScene([address, other]);
  const key = { id: "k1", key: generateKey() };
  const service = { hangsFrom: Number.POSITIVE_INFINITY, loads: 0, keys: [key] as VaultKeyInput[] };
  const vaultKeys: KeyFunction = () => {
    service.loads += 1;
    return service.loads >= service.hangsFrom ? never() : Promise.resolve(service.keys);
  };
  const { clock, done } = scene;
  /** Stops it and sees that it took no longer than it may. */
  async function stopsInTime({ daemon }: Pick<ReturnType<typeof scene.process>, "daemon">) {
    const from = clock.now();
    await done(daemon.stop({ deadlineMs }), 50);
    // The virtual clock moves while real cryptography is at work; a load that is waited for would take 30 seconds of it.
    expect(clock.now() - from).toBeLessThanOrEqual(deadlineMs + 20_000);
  }
  return { ...scene, service, process: () => scene.process({ vaultKeys }), stopsInTime };
}

test("a stop during a rotation of the keys", async () => {
  const { process, service, done, stopsInTime, until } = hangingScene();
  const one = process();
  await done(one.daemon.start());
  const { loads } = service;
  service.hangsFrom = 0;
  const rotating = rejected(one.daemon.rotateKeys());
  await until(() => service.loads > loads);
  await stopsInTime(one);
  expect((await rotating).code).toBe("LIFECYCLE_STOPPED");
});

test("a stop during a sign-in", async () => {
  const { process, service, sim, stopsInTime, until } = hangingScene();
  const one = process();
  service.hangsFrom = 0;
  const refreshToken = sim.user(address).issueRefreshToken();
  const signingIn = rejected(one.daemon.signIn(address, { method: "refreshToken", refreshToken }));
  await until(() => service.loads > 0);
  await stopsInTime(one);
  expect((await signingIn).code).toBe("LIFECYCLE_STOPPED");
  expect(sim.log.count({ route: "token" })).toBe(0);
});

test("a sign-in's own signal and its time limit", async () => {
  const { process, service, sim, clock, done, until } = hangingScene();
  const { daemon } = process();
  service.hangsFrom = 0;
  const method = { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() } as const;
  const abort = new AbortController();
  const aborted = daemon.signIn(address, { ...method, signal: abort.signal });
  await until(() => service.loads > 0);
  abort.abort(new Error("no longer wanted"));
  await expect(aborted).rejects.toThrow("no longer wanted");
  const from = clock.now();
  const late = await done(rejected(daemon.signIn(address, { ...method, timeLimitMs: 1_000 })), 50);
  expect(late).toMatchObject({ code: "AUTH_TIMEOUT", queue: address });
  expect(clock.now() - from).toBeLessThanOrEqual(1_050);
});

test.each([
  { loads: 1, what: "before anything else" },
  { loads: 2, what: "for a record that names another key" },
])("a stop during a start that asks for the keys $what", async ({ loads }) => {
  const { process, service, done, stopsInTime, until } = hangingScene();
  const first = process();
  await first.signIn();
  await done(first.daemon.stop());
  service.keys = [{ id: "k2", key: generateKey() }];
  service.loads = 0;
  service.hangsFrom = loads;
  const second = process();
  const starting = rejected(second.daemon.start());
  await until(() => service.loads === loads);
  await stopsInTime(second);
  expect((await starting).code).toBe("LIFECYCLE_STOPPED");
});

test("a stop while a queue's record waits for a key that it names", async () => {
  const { process, service, done, stopsInTime, until } = hangingScene();
  const [old] = service.keys;
  for (const [queue, keys] of [
    [address, service.keys],
    [other, [{ id: "k2", key: generateKey() }]],
  ] as const) {
    service.keys = [...keys];
    const first = process();
    await first.signIn(queue);
    await done(first.daemon.stop());
  }
  service.keys = [old as VaultKeyInput];
  service.loads = 0;
  service.hangsFrom = 2;
  const running = process();
  await done(running.daemon.start());
  await until(() => service.loads === 2);
  await stopsInTime(running);
});
