import { expect, it } from "vitest";
import { systemClock } from "../../../../src/base/clock.js";
import { lookAtClock, lookAtOwner, lookAtStore } from "../../../../src/daemon/doctor/machine.js";
import { memoryStore } from "../../../../src/index.js";
import { takeOwnership } from "../../../../src/state/ownership.js";

const askedAt = Date.parse("2026-03-01T08:00:00.000Z");
const off = (ms: number, tookMs = 100) => lookAtClock({ askedAt, answeredAt: askedAt + tookMs, date: askedAt - ms });

it.each([
  [0, "ok", "agrees"],
  [30_000, "ok", "agrees"],
  [-30_000, "ok", "agrees"],
  [90_000, "warning", "seconds ahead of"],
  [-90_000, "warning", "seconds behind"],
  [600_000, "failed", "10 minutes ahead of"],
  [-600_000, "failed", "10 minutes behind"],
])("a clock that is %i ms ahead is %s", (ms, outcome, words) => {
  expect(off(ms)).toMatchObject({ outcome, found: expect.stringContaining(words) });
});

it("is given the benefit of the time that the answer took", () => {
  expect(off(-320_000, 100)).toMatchObject({ outcome: "failed" });
  expect(off(-320_000, 60_000)).toMatchObject({ outcome: "warning" });
});

it("a store is seen to take writes without one", async () => {
  const store = memoryStore();
  await store.open();
  await store.commit({ puts: [{ key: ["q"], value: 1 }] });
  const before = await store.get(["q"]);
  expect(await lookAtStore(store)).toMatchObject({ outcome: "ok" });
  expect(await store.get(["daemon", "probe"])).toBeUndefined();
  expect(await store.commit({ checks: [{ key: ["q"], version: before?.version ?? null }], puts: [{ key: ["q"], value: 2 }] })).toEqual({
    ok: true,
    version: (before?.version ?? 0) + 1,
  });
  await store.close();
});

it("tells whose the store is: nobody's, ours, another's, nobody's again", async () => {
  const store = memoryStore();
  await store.open();
  const look = async (isOurs = false) => (await lookAtOwner(store, { clock: systemClock, isOurs })).found;
  expect(await look()).toContain("No daemon");
  const ownership = await takeOwnership(store, { clock: systemClock, onLost: () => undefined });
  expect(await look(true)).toContain("This daemon owns");
  expect(await look()).toContain(`process ${process.pid}`);
  await ownership.release();
  expect(await look()).toContain("No daemon");
  await store.close();
});
