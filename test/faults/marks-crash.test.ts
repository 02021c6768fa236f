/**
 * Marks whose process ends between their steps: whatever was made and whatever was recorded, the next process makes the
 * mark as it was ordered, once for all that can be seen of it, and no message is handed over again.
 */
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { generateKey, type Mark } from "../../src/index.js";
import type { Fuse } from "../property/life.js";
import { address, simulatorWith } from "../support/host.js";
import { beginLife, type HostSetUp } from "./fixtures/kill/life.js";
import { createLives, type Lives, type OneLife } from "./fixtures/marks/lives.js";
import { deliverThree, type Expected, judge, markCases } from "./fixtures/marks/ordered.js";
import { newFolder } from "./fixtures/store-process.js";

const isMarked = (lives: Lives, count: number) => new Set(lives.of("message:marked")).size === count;

/** Ends that process if it lives; the next one makes what is left, has a round and a sweep. */
async function goOn(lives: Lives, first: OneLife, count: number): Promise<void> {
  const second = await lives.next(first);
  await lives.until(() => isMarked(lives, count) && second.daemon.status().queues[0]?.marksWaiting === 0);
  await lives.done(second.daemon.pollNow(address));
  await lives.done(second.daemon.sweep(address));
}

/** Marks by a process that dies at that moment, and by the one after it. Whether it died. */
async function dying(mark: Mark, expected: Expected, fuse: Fuse): Promise<boolean> {
  const lives = await createLives({ defaults: { afterAck: mark } });
  const ids = deliverThree(lives);
  const first = await lives.begin(fuse);
  await lives.start(first, { isFirst: true });
  await lives.until(() => first.life.isDead || isMarked(lives, ids.length));
  // A mark is told before its record is written.
  if (!first.life.isDead) await lives.pass(500);
  const died = first.life.isDead;
  await goOn(lives, first, ids.length);
  judge(lives, ids, expected);
  return died;
}

it.each(markCases)(
  "$title: a process that dies at any request or write of it leaves a mark that the next one makes as ordered",
  async ({ mark, expected, requests }) => {
    let deaths = 0;
    for (const at of ["request", "write"] as const) {
      for (const carriedOut of [false, true]) {
        for (let after = 0; await dying(mark, expected, { at, after, carriedOut }); after += 1) deaths += 1;
      }
    }
    // Each of its requests, and the write that records it, both carried out or not.
    expect(deaths).toBeGreaterThanOrEqual(2 * (requests + 1));
  },
);

it.each(markCases)(
  "$title: of a batch that is half done when the process dies, the next one makes the other half",
  async ({ mark, expected }) => {
    for (let after = 0; after < 12; after += 1) {
      const lives = await createLives({ defaults: { afterAck: mark } });
      const ids = deliverThree(lives);
      const mend = lives.sim.faults.add({
        name: "one of them",
        route: ["message", "patch", "move", "permanentDelete"],
        messageId: ids[1] as string,
        status: 503,
      });
      const first = await lives.begin({ at: "request", after, carriedOut: after % 2 === 0 });
      await lives.start(first, { isFirst: true });
      await lives.until(() => first.life.isDead);
      expect(new Set(lives.of("message:marked"))).not.toContain(ids[1]);
      mend();
      await goOn(lives, first, ids.length);
      judge(lives, ids, expected);
    }
  },
);

it("marks that came with the settlements are made by the next process as they were given", async () => {
  for (let after = 0; after < 8; after += 1) {
    const given = new Map<string, "Done" | "spam">();
    const lives = await createLives({
      defaults: { afterAck: { markRead: true, moveTo: "archive" }, onQuarantine: { flag: true, moveTo: "junkemail" } },
      async handler(delivery) {
        const kind = given.get(delivery.message.id);
        if (kind === "Done") await delivery.ack({ moveTo: "Done", createFolder: true, addCategories: ["Ticket"] });
        if (kind === "spam") await delivery.reject("spam", { delete: "permanently" });
      },
    });
    const [done, spam, plain] = deliverThree(lives) as [string, string, string];
    given.set(done, "Done").set(spam, "spam");
    const first = await lives.begin({ at: "request", after, carriedOut: true });
    await lives.start(first, { isFirst: true });
    await lives.until(() => first.life.isDead || isMarked(lives, 3));
    await goOn(lives, first, 3);
    expect(lives.mailbox.message(done)).toMatchObject({ folder: "Done", isRead: true, categories: ["Blue", "Ticket"] });
    expect(lives.mailbox.message(plain)).toMatchObject({ folder: "Archive", isRead: true, categories: [] });
    expect([lives.mailbox.message(spam), lives.mailbox.purged()]).toEqual([undefined, [spam]]);
    expect(lives.handled.toSorted()).toEqual([done, spam, plain].toSorted());
    expect([lives.of("message:quarantined"), lives.of("message:mark-failed")]).toEqual([[spam], []]);
  }
});

it("a store that fails while marks are recorded has them recorded later, and nothing is made or told anew", async () => {
  const mark = { markRead: true, addCategories: ["Done"], delete: "permanently" } as const;
  const lives = await createLives({ defaults: { afterAck: mark } });
  const ids = deliverThree(lives);
  const first = await lives.begin();
  first.daemon.once("message:settled", () => {
    lives.disk.trouble.full = 6;
  });
  await lives.start(first, { isFirst: true });
  await lives.until(() => isMarked(lives, 3));
  await lives.pass(600_000);
  expect([lives.disk.trouble.full, await lives.disk.openIds(address)]).toEqual([0, []]);
  const before = lives.sim.log.entries({ route: "patch" }).length;
  await goOn(lives, first, 3);
  judge(lives, ids, { folder: undefined });
  expect([before, lives.sim.log.entries({ route: "patch" }).length]).toEqual([3, 3]);
});

it.each([1, 2, 3, 4])(
  "a SIGKILL at step %i of a mark of everything: the next process makes the rest, without another delivery",
  async (times) => {
    const sim = simulatorWith();
    const door = await sim.listen();
    onTestFinished(() => door.close());
    const folder = await newFolder();
    const keys = `k1:${generateKey()}`;
    const afterAck = { markRead: true, flag: true, addCategories: ["Done"], moveTo: "Done/2026", createFolder: true } as const;
    const begin = (life: number, more: Partial<HostSetUp>) =>
      beginLife(
        {
          app: { clientId: sim.clientId, tenantId: sim.tenantId },
          queues: [{ address }],
          defaults: { pollIntervalMs: 50, minPollIntervalMs: 20, afterAck },
          storePath: join(folder, "state"),
          simulatorUrl: door.url,
          recordPath: join(folder, `record-${life}`),
          ...more,
        },
        keys,
      );
    const { mailbox } = sim.user(address);
    const id = mailbox.deliver({ categories: ["Blue"] });
    // The changes, the making of two folders, and the move.
    const first = await begin(1, { refreshToken: sim.user(address).issueRefreshToken(), dieAt: { is: "asked", what: "marking", times } });
    first.start();
    const { lines } = await first.died();
    expect(lines.filter(({ is }) => is === "settled" || is === "marked")).toMatchObject([{ is: "settled" }]);
    const second = await begin(2, {});
    const marked = second.until(({ is }) => is === "marked");
    second.start();
    await marked;
    const after = await second.stop();
    expect(after.lines.filter(({ is }) => is === "begun" || is === "trouble")).toEqual([]);
    expect(mailbox.message(id)).toMatchObject({ isRead: true, flagged: true, categories: ["Blue", "Done"], folder: "2026" });
    expect(sim.log.entries({ route: "createFolder" }).filter(({ status }) => status === 201)).toHaveLength(2);
  },
);
