import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import type { VaultKey } from "../../../src/auth/key-ring.js";
import { createLoadedKeys } from "../../../src/auth/loaded-keys.js";
import { deferred } from "../../support/deferred.js";
import { createManualClock, settle } from "../../support/manual-clock.js";

const key = (id: string): VaultKey => ({ id, key: randomBytes(32) });

it("however many ask at once, the ring is asked once", async () => {
  const answer = deferred<readonly VaultKey[]>();
  let loads = 0;
  const keys = createLoadedKeys(
    {
      load() {
        loads += 1;
        return answer.promise;
      },
    },
    createManualClock(),
  );
  const asking = [keys.first(), keys.first(), keys.named("a", "x@y.example")];
  answer.resolve([key("a")]);
  await Promise.all(asking);
  await keys.first();
  expect(loads).toBe(1);
  await keys.reload();
  expect(loads).toBe(2);
});

it("a ring that cannot be asked again leaves the keys that are there", async () => {
  let away = false;
  const clock = createManualClock();
  const keys = createLoadedKeys({ load: () => (away ? Promise.reject(new Error("away")) : Promise.resolve([key("a")])) }, clock);
  const first = await keys.first();
  away = true;
  await expect(keys.named("unknown", "x@y.example")).rejects.toThrow("away");
  await expect(keys.reload()).rejects.toThrow("away");
  expect(await keys.first()).toBe(first);
  expect(await keys.named("a", "x@y.example")).toBe(first);
  away = false;
  await expect(keys.named("unknown", "x@y.example")).rejects.toMatchObject({ code: "AUTH_VAULT_KEY_UNKNOWN" });
});

it("a key that is unknown is asked for twice a minute at most, however many records name it", async () => {
  const clock = createManualClock();
  let loads = 0;
  const keys = createLoadedKeys({ load: () => Promise.resolve([key(`k${++loads}`)]) }, clock);
  await keys.first();
  for (let look = 0; look < 12; look += 1) {
    await expect(keys.named("lost", "x@y.example")).rejects.toMatchObject({ code: "AUTH_VAULT_KEY_UNKNOWN" });
    await clock.advance(5_000);
  }
  expect(loads).toBe(3);
});

it("a reload begins anew when one is under way, which may not know the newest key", async () => {
  const answers = [deferred<readonly VaultKey[]>(), deferred<readonly VaultKey[]>()];
  let loads = 0;
  const keys = createLoadedKeys({ load: () => answers[loads++]!.promise }, createManualClock());
  const first = keys.first();
  const reload = keys.reload();
  answers[0]!.resolve([key("old")]);
  expect((await first).id).toBe("old");
  await settle();
  expect(loads).toBe(2);
  answers[1]!.resolve([key("new"), key("old")]);
  await reload;
  expect((await keys.first()).id).toBe("new");
});

it("a key service that hangs holds nobody up for longer than half a minute, and is asked again", async () => {
  const clock = createManualClock();
  let hangs = true;
  const keys = createLoadedKeys({ load: () => (hangs ? new Promise(() => undefined) : Promise.resolve([key("a")])) }, clock);
  const first = keys.first();
  first.catch(() => undefined);
  await clock.advance(29_999);
  hangs = false;
  await clock.advance(1);
  await expect(first).rejects.toMatchObject({ code: "AUTH_VAULT_KEY_MISSING", who: "developer" });
  expect((await keys.first()).id).toBe("a");
  expect(clock.pending()).toBe(0);
});

it("a load that nobody needs any more is given up at once, without a timer left", async () => {
  const clock = createManualClock();
  const keys = createLoadedKeys({ load: () => new Promise(() => undefined) }, clock);
  const first = keys.first();
  first.catch(() => undefined);
  keys.close();
  await expect(first).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
  expect(clock.pending()).toBe(0);
});

it("a key that is just being loaded is unknown to nobody who names it meanwhile", async () => {
  const answer = deferred<readonly VaultKey[]>();
  const [old, fresh] = [key("old"), key("fresh")];
  let loads = 0;
  const keys = createLoadedKeys({ load: () => (++loads === 1 ? Promise.resolve([old]) : answer.promise) }, createManualClock());
  await keys.first();
  const both = Promise.all([keys.named("fresh", "a@x.example"), keys.named("fresh", "b@x.example")]);
  await settle();
  answer.resolve([fresh, old]);
  expect(await both).toEqual([fresh, fresh]);
  expect(loads).toBe(2);
});

it("a key that one record lost keeps no other from being asked for", async () => {
  let ring = [key("a")];
  const clock = createManualClock();
  const keys = createLoadedKeys({ load: () => Promise.resolve(ring) }, clock);
  await expect(keys.named("lost", "a@x.example")).rejects.toMatchObject({ code: "AUTH_VAULT_KEY_UNKNOWN" });
  ring = [key("new"), ...ring];
  expect((await keys.named("new", "b@x.example")).id).toBe("new");
});

it("once closed no load begins, not even one that waited for another", async () => {
  const clock = createManualClock();
  let loads = 0;
  const hanging = () => {
    loads += 1;
    return new Promise<never>(() => undefined);
  };
  const keys = createLoadedKeys({ load: hanging }, clock);
  const asking = [keys.first(), keys.reload()].map((work) => work.catch(({ code }: { code: string }) => code));
  keys.close();
  expect(await Promise.all([...asking, keys.first().catch(({ code }: { code: string }) => code)])).toEqual([
    "LIFECYCLE_STOPPED",
    "LIFECYCLE_STOPPED",
    "LIFECYCLE_STOPPED",
  ]);
  expect([loads, clock.pending()]).toEqual([1, 0]);
});
