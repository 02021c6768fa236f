/** Awkward rounds and dead cursors: nothing in a gap is skipped, nothing settled comes again, and no storm of walks. */
import { expect, it } from "vitest";
import { createFaultScene } from "./fixtures/scene.js";

const hour = 3_600_000;

const firstWalks = (scene: Awaited<ReturnType<typeof createFaultScene>>) =>
  scene.simulator.log.entries({ route: "delta" }).filter(({ walk }) => walk === "first").length;

it.each([
  [410, "SyncStateNotFound"],
  [410, "resyncRequired"],
  [400, "SYNCSTATEINVALID"],
  [400, "ErrorInvalidSyncStateData"],
  [400, "invalidDeltaToken"],
  [404, "ErrorSyncStateNotFound"],
  [409, "syncStateNotFound"],
  [410, "aCodeThatNobodyKnows"],
])(
  "a cursor that dies with %s %s leaves no gap: what came meanwhile is delivered, what is known does not come again",
  async (status, code) => {
    const { daemon, mailbox, simulator, handed, settled, of, round, next } = await createFaultScene();
    const before = mailbox.deliver();
    const marked = next("message:marked");
    await daemon.start();
    await marked;
    await round();
    const lost = next("queue:cursor-lost");
    const second = next("message:marked");
    const inTheGap = mailbox.deliver({ isRead: true, receivedAt: Date.now() - 400 * 24 * hour });
    simulator.faults.add({ name: "dead", route: "delta", status, graphCode: code, count: 1 });
    const { from, to } = await lost;
    expect(of("queue:cursor-lost")).toMatchObject([{ folder: "inbox", code: "SYNC_CURSOR_LOST", serviceCode: code }]);
    expect(from).toBeLessThanOrEqual(to);
    await second;
    await round();
    expect(handed.toSorted()).toEqual([before, inTheGap].toSorted());
    expect(settled.toSorted()).toEqual([before, inTheGap].toSorted());
  },
);

it("a cursor that dies again and again leads to one walk over again an hour, and mail arrives all the same", async () => {
  const scene = await createFaultScene();
  const { daemon, mailbox, simulator, settled, of, later, round, next } = scene;
  await daemon.start();
  await round();
  simulator.faults.add({ name: "dead", route: "delta", after: 0, status: 410, graphCode: "SyncStateNotFound" });
  // Token-less walks are struck too: delta is of no use at all here.
  for (let mail = 1; mail <= 5; mail += 1) {
    const one = next("message:settled");
    mailbox.deliver();
    await one;
  }
  expect(settled.length).toBe(5);
  expect(firstWalks(scene)).toBe(2);
  expect(of("queue:mode-changed")).toMatchObject([{ folder: "inbox", mode: "listing", code: "SyncStateNotFound" }]);
  simulator.faults.clear();
  const back = next("queue:mode-changed");
  later(hour + 1_000);
  expect(await back).toMatchObject({ mode: "delta" });
  expect(firstWalks(scene)).toBe(3);
  const last = next("message:settled");
  mailbox.deliver();
  await last;
  expect(new Set(scene.handed).size).toBe(scene.handed.length);
});

it("a walk over again that comes to no first page is the one of its hour: the folder is listed instead", async () => {
  const scene = await createFaultScene();
  const { daemon, mailbox, simulator, settled, round, later, next } = scene;
  await daemon.start();
  await round();
  mailbox.forgetSyncStates();
  simulator.faults.add({ name: "no first page", route: "delta", after: 1, status: 403, graphCode: "ErrorAccessDenied" });
  await expect(round()).rejects.toMatchObject({ code: "GRAPH_FORBIDDEN" });
  for (let mail = 1; mail <= 3; mail += 1) {
    const one = next("message:settled");
    mailbox.deliver();
    later(60_000);
    await one;
  }
  expect(settled.length).toBe(3);
  expect(firstWalks(scene)).toBe(2);
});

it("when a whole tenant's cursors die at once, the walks over again are spread, and every mailbox gets its mail", async () => {
  const addresses = Array.from({ length: 60 }, (_, index) => `queue-${index}@contoso.com`);
  const scene = await createFaultScene({ queues: addresses.map((address) => ({ address })) });
  const { daemon, simulator, settled, of } = scene;
  await daemon.start();
  await Promise.all(addresses.map((address) => daemon.pollNow(address)));
  for (const address of addresses) {
    simulator.mailbox(address).forgetSyncStates();
    simulator.mailbox(address).deliver();
  }
  await expect.poll(() => settled.length, { timeout: 60_000 }).toBe(60);
  expect(of("queue:cursor-lost").length).toBe(60);
  expect(of("queue:mode-changed").filter(({ mode }) => mode === "listing").length).toBeGreaterThan(10);
  await expect.poll(() => of("queue:mode-changed").filter(({ mode }) => mode === "delta").length, { timeout: 60_000 }).toBeGreaterThan(10);
});

it("a message that came, left and came back between two rounds is shown as removed only, and is delivered all the same", async () => {
  const { daemon, mailbox, settled, simulator, round, next } = await createFaultScene();
  await daemon.start();
  await round();
  await daemon.pause("support@contoso.com");
  const id = mailbox.deliver();
  mailbox.move(id, "archive");
  mailbox.move(id, "inbox");
  const away = mailbox.deliver();
  mailbox.move(away, "archive");
  const done = next("message:settled");
  simulator.log.clear();
  await daemon.resume("support@contoso.com");
  await done;
  await round();
  expect(settled).toEqual([id]);
  // Neither was given as present by any page.
  expect(simulator.log.entries({ route: "delta" }).flatMap(({ ids = [] }) => ids)).not.toContain(away);
});

it.each([
  ["the same link again and again", { loop: "same-link" as const }],
  ["ever new links to the same messages", { loop: "same-content" as const }],
  ["empty pages without an end", { endless: true }],
])("a round that goes round in circles (%s) is ended, told, and costs no message", async (_, fault) => {
  const scene = await createFaultScene({ defaults: { pageSize: 3 } });
  const { daemon, mailbox, simulator, handed, settled, of, round, next } = scene;
  await daemon.start();
  await round();
  simulator.faults.add({ name: "circle", route: "delta", ...fault });
  mailbox.deliverMany(Array.from({ length: 8 }, () => ({})));
  const lost = next("queue:cursor-lost");
  expect(await lost).toMatchObject({ code: "SYNC_ROUND_LOOPED" });
  // The walk over again goes in circles as well: from then on the folder is listed.
  await expect.poll(() => settled.length, { timeout: 60_000 }).toBe(8);
  expect(of("queue:mode-changed")).toMatchObject([{ mode: "listing", code: "SYNC_ROUND_LOOPED" }]);
  expect(new Set(handed).size).toBe(8);
  expect(simulator.log.count({ route: "delta" })).toBeLessThan(1_100);
});

it("a page that is too big is asked for in smaller ones, at once, and grows again", async () => {
  const { daemon, mailbox, simulator, settled, round } = await createFaultScene();
  mailbox.deliverMany(Array.from({ length: 120 }, () => ({})));
  simulator.faults.add({ name: "too big", route: "delta", pageLargerThan: 30, status: 504 });
  await daemon.start();
  await expect.poll(() => settled.length, { timeout: 60_000 }).toBe(120);
  simulator.faults.clear();
  for (let rounds = 0; rounds < 45; rounds += 1) await round();
  const sizes = simulator.log.entries({ route: "delta" }).map(({ status }) => status);
  expect(sizes.at(-1)).toBe(200);
});

it("one message that spoils every page it is on is passed: the others come by pages, it comes by itself, reduced", async () => {
  const { daemon, mailbox, settled, of, next } = await createFaultScene({ defaults: { pageSize: 20 } });
  const ids = mailbox.deliverMany(Array.from({ length: 40 }, () => ({})));
  const bad = ids[17] as string;
  mailbox.damage(bad, { code: "ErrorItemCorrupt" });
  const reduced = next("message:reduced");
  await daemon.start();
  expect(await reduced).toMatchObject({ id: bad, code: "ErrorItemCorrupt" });
  await expect.poll(() => settled.toSorted(), { timeout: 60_000 }).toEqual(ids.toSorted());
  expect(of("message:quarantined")).toEqual([]);
});

it("a full mailbox, which refuses delta, is listed; it goes back to delta by itself, and nothing is lost or doubled", async () => {
  const { daemon, mailbox, handed, settled, later, round, next } = await createFaultScene();
  mailbox.deliver();
  await daemon.start();
  await round();
  mailbox.setFull(true);
  const listing = next("queue:mode-changed");
  mailbox.deliver();
  expect(await listing).toMatchObject({ mode: "listing", code: "ErrorQuotaExceeded", nextTryAt: expect.any(Number) });
  await expect.poll(() => settled.length).toBe(2);
  // Old mail moved in is not among the newest: the folder's count gives it away.
  const old = mailbox.deliver({ receivedAt: Date.now() - 500 * 24 * hour }, "archive");
  mailbox.move(old, "inbox");
  await round();
  later(15 * 60_000);
  await expect.poll(() => settled).toContain(old);
  mailbox.setFull(false);
  const back = next("queue:mode-changed");
  later(6 * hour);
  expect(await back).toMatchObject({ mode: "delta" });
  mailbox.deliver();
  await expect.poll(() => settled.length).toBe(4);
  expect(new Set(handed).size).toBe(4);
});

it("a full mailbox that says so by 507 quotaLimitReached is listed as well", async () => {
  const { daemon, mailbox, simulator, settled, later, round, next } = await createFaultScene();
  mailbox.deliver();
  await daemon.start();
  await round();
  const mend = simulator.faults.add({ name: "full", route: "delta", status: 507, graphCode: "quotaLimitReached" });
  const listing = next("queue:mode-changed");
  mailbox.deliver();
  expect(await listing).toMatchObject({ mode: "listing", code: "quotaLimitReached", nextTryAt: expect.any(Number) });
  await expect.poll(() => settled.length).toBe(2);
  mend();
  const back = next("queue:mode-changed");
  later(6 * hour);
  expect(await back).toMatchObject({ mode: "delta" });
});

it("a cloud without delta is listed from the beginning, with the same bounds of its first walk", async () => {
  const { daemon, mailbox, simulator, settled, round, next } = await createFaultScene(
    { defaults: { startFrom: "now" } },
    { authorityHost: "login.partner.microsoftonline.cn", cloud: "china" },
  );
  mailbox.deliverMany(Array.from({ length: 30 }, () => ({ receivedAt: Date.now() - hour })));
  await daemon.start();
  await round();
  const one = next("message:settled");
  const id = mailbox.deliver();
  await one;
  expect(settled).toEqual([id]);
  expect(simulator.log.count({ route: "delta" })).toBe(0);
});

it("another mailbox behind the address is told and begins anew; what was restored of the old one does not come again", async () => {
  const scene = await createFaultScene({ defaults: { startFrom: "unread" } });
  const { daemon, mailbox, simulator, handed, of, round, next } = scene;
  const user = simulator.user("support@contoso.com");
  const seen = mailbox.deliver({ subject: "seen" });
  const marked = next("message:marked");
  await daemon.start();
  await marked;
  await round();
  mailbox.update(seen, { isRead: false });
  const before = user.objectId;
  user.recreateMailbox({ keep: () => true });
  await expect.poll(() => daemon.status().queues[0]?.state, { timeout: 20_000 }).toBe("waiting-for-sign-in");
  mailbox.deliver({ subject: "old and read", isRead: true, receivedAt: Date.now() - hour });
  const changed = next("queue:mailbox-changed");
  await daemon.signIn("support@contoso.com", { method: "refreshToken", refreshToken: user.issueRefreshToken() });
  expect(await changed).toMatchObject({ from: before, to: user.objectId });
  const fresh = next("message:settled");
  mailbox.deliver({ subject: "new" });
  await fresh;
  await round();
  expect(handed.length).toBe(2);
  expect(of("queue:mailbox-changed").length).toBe(1);
});
