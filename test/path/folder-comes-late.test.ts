/** Folders that come, or come back, while a queue runs: what lies in them then is new mail, whatever its date and `startFrom`. */
import { expect, test } from "vitest";
import { createFolderScene } from "../faults/fixtures/folder-scene.js";
import { address } from "../faults/fixtures/scene.js";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

test.each([
  ["now", false],
  ["unread", true],
] as const)(
  "a configured path that is made after the start: what came before it was noticed is handed over (startFrom %s, read: %s)",
  async (startFrom, isRead) => {
    const scene = await createFolderScene();
    const { mailbox } = scene;
    const { round } = await scene.start(["inbox", "inbox/Complaints"], { startFrom, pollIntervalMs: minute, minPollIntervalMs: minute });
    await round().catch(() => undefined); // The folder is not there.
    await scene.pass(2 * hour);
    const folder = mailbox.addFolder("Complaints", "inbox");
    const before = mailbox.deliver({ isRead }, folder);
    await scene.pass(90 * minute);
    const after = mailbox.deliver({}, folder);
    await scene.pass(10 * minute);
    expect(scene.handed.map(({ id }) => id)).toEqual(expect.arrayContaining([before, after]));
  },
);

test.each([
  ["now", false],
  ["unread", true],
] as const)(
  "a folder that was out of its tree for an hour, while a sweep dropped what was gone for 90 days (startFrom %s, read: %s)",
  async (startFrom, isRead) => {
    const scene = await createFolderScene();
    const { mailbox, clock } = scene;
    const cases = mailbox.addFolder("Cases", "inbox");
    const options = { startFrom, pollIntervalMs: day, minPollIntervalMs: 100 };
    const { daemon, round } = await scene.start([{ folder: "inbox", subtree: true }], options);
    const pruned: number[] = [];
    daemon.on("queue:swept", (swept) => void pruned.push(swept.pruned));
    await round();
    const old = mailbox.deliver();
    await round();
    mailbox.remove(old);
    await scene.done(daemon.sweep(address));
    for (let fortnight = 0; fortnight < 7; fortnight += 1) {
      clock.set(14 * day);
      await scene.pass(2 * hour);
      await round();
    }
    mailbox.moveFolder(cases);
    await round();
    expect(scene.changes.at(-1)).toMatchObject({ change: "left" });
    await scene.done(daemon.sweep(address));
    expect(pruned).toEqual([0, 1]);
    const meanwhile = mailbox.deliver({ isRead }, cases);
    await scene.pass(hour);
    mailbox.moveFolder(cases, "inbox");
    await round();
    await scene.pass(10 * minute);
    await round();
    expect(scene.changes.at(-1)).toMatchObject({ change: "appeared" });
    expect(scene.handed.map(({ id }) => id)).toContain(meanwhile);
  },
);
