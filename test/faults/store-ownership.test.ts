/** One owner per store, in real processes: refused, replaced when dead, replaced when frozen, and fenced off when it wakes. */
import { expect, it } from "vitest";
import { sleep, systemClock } from "../../src/base/clock.js";
import type { Entry } from "../../src/state/store.js";
import { newFolder, startStoreProcess } from "./fixtures/store-process.js";

const epochKey = ["support@contoso.com", "epoch"];

it("a second daemon is refused while the first lives, and gets the store at once when the first was killed", async () => {
  const path = await newFolder();
  const [first, second] = await Promise.all([startStoreProcess(path), startStoreProcess(path)]);
  await Promise.all([first.order("open"), second.order("open")]);
  expect(await first.order("own")).toMatchObject({ told: "done" });

  const refused = await second.order("own");
  expect(refused).toMatchObject({ told: "failed", code: "LIFECYCLE_STORE_IN_USE" });
  expect(refused.message).toContain(`process ${first.child.pid}`);

  await first.kill();
  const askedAt = Date.now();
  expect(await second.order("own")).toMatchObject({ told: "done" });
  expect(Date.now()).toBeLessThan(refused.notBeforeAt ?? 0);
  expect(Date.now() - askedAt).toBeLessThan(2_000);
});

it("a folder that is opened again by the process that writes to it stops neither, and holds what both wrote", async () => {
  const process = await startStoreProcess(await newFolder());
  await process.order("open");
  const written = (await process.order("openBeside", { times: 50 })).answer as number;
  expect(written).toBeGreaterThan(50);
  const values = async (prefix: string) =>
    ((await process.order("list", { prefix: [prefix] })).answer as Entry[]).map(({ value }) => value);
  expect(await values("q")).toEqual(new Array(written).fill("first"));
  expect(await values("beside")).toEqual(new Array(50).fill("second"));
  expect(await process.order("close")).toMatchObject({ told: "done" });
}, 30_000);

it("a frozen owner is replaced after its expiry; when it wakes its late commit is refused and it hears of its loss", async () => {
  const path = await newFolder();
  const [frozen, successor] = await Promise.all([startStoreProcess(path), startStoreProcess(path)]);
  await Promise.all([frozen.order("open"), successor.order("open")]);
  // It renews late enough to be idle, outside of any transaction, while it is stopped.
  await frozen.order("own", { expiryMs: 1_200, renewMs: 1_000 });
  const begun = (await frozen.order("commit", { commit: { puts: [{ key: epochKey, value: 1 }] } })).answer as { version: number };
  const late = {
    checks: [{ key: epochKey, version: begun.version }],
    puts: [{ key: ["support@contoso.com", "cursor"], value: "late" }],
  };
  expect(await frozen.order("commit", { commit: { checks: late.checks } })).toMatchObject({ answer: { ok: true } });
  frozen.child.kill("SIGSTOP");

  const refused = await successor.order("own");
  expect(refused).toMatchObject({ code: "LIFECYCLE_STORE_IN_USE" });
  await sleep(systemClock, (refused.notBeforeAt ?? 0) - Date.now() + 1);
  expect(await successor.order("own")).toMatchObject({ told: "done" });
  await successor.order("commit", { commit: { checks: late.checks, puts: [{ key: epochKey, value: 2 }] } });

  const refusal = frozen.order("commit", { commit: late });
  frozen.child.kill("SIGCONT");
  expect((await refusal).answer).toEqual({ ok: false, failed: epochKey });
  expect(await frozen.wait(({ told }) => told === "lost")).toMatchObject({ code: "LIFECYCLE_LOST_STORE" });
  expect((await successor.order("get", { key: epochKey })).answer as Entry).toMatchObject({ value: 2 });
  expect((await successor.order("get", { key: ["support@contoso.com", "cursor"] })).answer).toBeNull();
});
