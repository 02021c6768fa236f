/**
 * Marks whose answers are lost or refused on the way, folders that cannot be made, and our own marks as they come back by
 * delta and by listings: made as ordered, told in words that help, never taken for somebody else's doing.
 */
import { expect, it } from "vitest";
import type { RouteName, SimulatedMailbox } from "../../simulator/index.js";
import type { QueueDefaults } from "../../src/index.js";
import { address } from "../support/host.js";
import { createLives, type OneLife } from "./fixtures/marks/lives.js";
import { deliverThree, judge, markCases } from "./fixtures/marks/ordered.js";

async function living(defaults: QueueDefaults) {
  const lives = await createLives({ defaults });
  const first = await lives.begin();
  return { lives, first, start: () => lives.start(first, { isFirst: true }) };
}

const routes: readonly RouteName[] = ["message", "patch", "folders", "createFolder", "move", "permanentDelete"];

it.each(markCases)("$title: whichever of its answers is lost, the mark is made as ordered", async ({ mark, expected }) => {
  let lost = 0;
  for (const route of routes) {
    for (const how of [{ dropSocket: "after" }, { status: 503, effect: "after" }, { dropSocket: "before" }] as const) {
      const { lives, first, start } = await living({ afterAck: mark });
      const ids = deliverThree(lives);
      first.daemon.once("message:settled", () => void lives.sim.faults.add({ name: "lost", route, count: 2, ...how }));
      await start();
      await lives.until(() => new Set(lives.of("message:marked")).size === ids.length);
      await lives.done(first.daemon.pollNow(address));
      judge(lives, ids, expected);
      lost += lives.sim.log.entries().filter(({ route: name, status }) => name === route && status !== undefined && status >= 500).length;
    }
  }
  expect(lost).toBeGreaterThan(0);
});

it.each([
  { what: "a right that is missing", graphCode: "ErrorAccessDenied", advice: "let the account make folders" },
  { what: "a quota that is used up", graphCode: "ErrorQuotaExceeded", advice: "Make room in the mailbox" },
])(
  "a folder that cannot be made for $what is told by its name and with what to do, and the mail stays, marked otherwise",
  async (refusal) => {
    const { lives, start } = await living({ afterAck: { markRead: true, moveTo: "Done/2026", createFolder: true } });
    lives.sim.faults.add({ name: "refused", route: "createFolder", status: 403, graphCode: refusal.graphCode });
    const ids = deliverThree(lives);
    await start();
    await lives.until(() => lives.of("message:mark-failed").length === 3);
    for (const { reason } of lives.told.filter(({ name }) => name === "message:mark-failed")) {
      for (const part of ['"Done/2026"', address, refusal.graphCode, refusal.advice]) expect(reason).toContain(part);
    }
    expect(ids.map((id) => lives.mailbox.message(id))).toMatchObject(ids.map(() => ({ folder: "Inbox", isRead: true })));
    expect([lives.handled.toSorted(), lives.of("message:marked")]).toEqual([ids.toSorted(), []]);
  },
);

it("a folder that is made meanwhile by somebody else takes the mail, also where making it is not allowed", async () => {
  const { lives, start } = await living({ afterAck: { moveTo: "Done" } });
  const ids = deliverThree(lives);
  await start();
  await lives.until(() => lives.of("message:settled").length === 3);
  await lives.pass(60_000);
  expect(lives.of("message:marked")).toEqual([]);
  lives.mailbox.addFolder("Done");
  await lives.until(() => lives.of("message:marked").length === 3);
  judge(lives, ids, { folder: "Done" });
});

const made = { moveTo: "Done/2026", createFolder: true } as const;

it.each([
  { what: "deleted for good", people: (mailbox: SimulatedMailbox) => mailbox.deleteFolder("2026", { hard: true }), afterMs: 0 },
  {
    what: "deleted with the one above it",
    people: (mailbox: SimulatedMailbox) => mailbox.deleteFolder("Done", { hard: true }),
    afterMs: 0,
  },
  { what: "renamed", people: (mailbox: SimulatedMailbox) => mailbox.renameFolder("2026", "Old"), afterMs: 600_000 },
  { what: "thrown away", people: (mailbox: SimulatedMailbox) => mailbox.deleteFolder("2026"), afterMs: 600_000 },
])("a folder that people have $what is made anew, and the mail that follows goes there", async ({ people, afterMs }) => {
  const { lives, start } = await living({ afterAck: made });
  await start();
  lives.mailbox.deliver();
  await lives.until(() => lives.of("message:marked").length === 1);
  const before = lives.mailbox.messages("2026")[0]?.folderId;
  people(lives.mailbox);
  await lives.pass(afterMs);
  const id = lives.mailbox.deliver();
  await lives.until(() => lives.of("message:marked").length === 2);
  const { folder, folderId } = lives.mailbox.message(id) ?? {};
  expect(folder).toBe("2026");
  expect(folderId).not.toBe(before);
  expect([lives.of("message:mark-failed"), lives.handled.length]).toEqual([[], 2]);
});

it("two daemons that make one folder at the same time make it once, and each moves its mail there", async () => {
  const { lives, start } = await living({ afterAck: made });
  const ids = deliverThree(lives);
  lives.sim.faults.add({
    name: "the other one",
    route: "createFolder",
    count: 2,
    status: 409,
    graphCode: "ErrorFolderExists",
    effect: "after",
  });
  await start();
  await lives.until(() => lives.of("message:marked").length === 3);
  judge(lives, ids, { folder: "2026" });
});

async function roundsAndSweeps({ lives, first }: { lives: Awaited<ReturnType<typeof createLives>>; first: OneLife }): Promise<OneLife> {
  let now = first;
  for (let life = 1; life <= 2; life += 1) {
    for (let round = 1; round <= 3; round += 1) await lives.done(now.daemon.pollNow(address));
    await lives.pass(120_000);
    await lives.done(now.daemon.sweep(address));
    now = await lives.next(now);
  }
  await lives.done(now.daemon.pollNow(address));
  return now;
}

const both = ["inbox", "archive"];

it.each<{ by: string; moveTo: string; folders: QueueDefaults["folders"] & object; folder: string }>([
  { by: "its well-known name", moveTo: "archive", folders: both, folder: "Archive" },
  { by: "a path", moveTo: "Archive", folders: both, folder: "Archive" },
  { by: "a path under another", moveTo: "msgfolderroot/archive", folders: both, folder: "Archive" },
  { by: "the path that is watched", moveTo: "inbox/Done", folders: ["inbox", "inbox/Done"], folder: "Done" },
  { by: "a path in a watched tree", moveTo: "inbox/Done", folders: [{ folder: "inbox", subtree: true }], folder: "Done" },
])(
  "mail that is moved into another watched folder by $by is neither delivered again nor told as moved, over rounds, sweeps and a restart",
  async ({ moveTo, folders, folder }) => {
    const afterAck = { markRead: true, addCategories: ["Done"], moveTo, createFolder: true };
    const scene = await living({ folders, sweepIntervalMs: 0, afterAck });
    const { lives } = scene;
    const ids = deliverThree(lives);
    await scene.start();
    await lives.until(() => lives.of("message:marked").length === 3);
    // What is watched by its path, or in a tree, is looked for every few minutes.
    await lives.pass(900_000);
    const last = await roundsAndSweeps(scene);
    judge(lives, ids, { isRead: true, added: ["Done"], folder });
    // And it could have been told, and is watched: somebody else moves one back, and another mail comes there.
    lives.mailbox.move(ids[0] as string, "inbox");
    const late = lives.mailbox.deliver({}, folder);
    await lives.until(() => lives.of("message:marked").includes(late));
    await lives.done(last.daemon.pollNow(address));
    expect(lives.told.filter(({ name }) => name === "message:changed-elsewhere")).toMatchObject([{ id: ids[0], change: "moved" }]);
    expect(lives.handled.length).toBe(4);
  },
);

it.each([{ delete: "permanently" }, { delete: true }, { moveTo: "Away", createFolder: true }] as const)(
  "delta that learns late of our own marks (%j) shows mail as it was: nothing is told of it, and nothing delivered again",
  async (away) => {
    const lives = await createLives({
      defaults: { afterAck: { markRead: true, ...away }, sweepIntervalMs: 0 },
      simulator: { quirks: { emptyPages: false, lateChanges: true }, lateMs: 90_000 },
    });
    const ids = deliverThree(lives);
    await lives.pass(120_000);
    const first = await lives.begin();
    await lives.start(first, { isFirst: true });
    await lives.until(() => lives.of("message:marked").length === 3);
    await roundsAndSweeps({ lives, first });
    judge(lives, ids, { isRead: true, folder: "delete" in away ? (away.delete === true ? "Deleted Items" : undefined) : "Away" });
  },
);
