/** One of a queue's folders is not there (deleted, or never was). */
import { expect, it } from "vitest";
import { createFaultScene } from "./fixtures/scene.js";

it("a watched folder that is not there keeps neither the mail of the others waiting nor their sweep", async () => {
  const { daemon, mailbox, handed, of } = await createFaultScene({
    defaults: { folders: ["inbox", "AQMkfolder-that-never-was".padEnd(80, "A")], sweepIntervalMs: 0 },
  });
  await daemon.start();
  await expect.poll(() => of("queue:failed").length).toBeGreaterThan(0);
  const id = mailbox.deliver();
  await expect.poll(() => handed, { timeout: 3_000 }).toEqual([id]);
});

it("and the others can be swept", async () => {
  const { daemon, mailbox, handed, of } = await createFaultScene({
    defaults: { folders: ["inbox", "AQMkfolder-that-never-was".padEnd(80, "A")], sweepIntervalMs: 0 },
  });
  await daemon.start();
  await expect.poll(() => of("queue:failed").length).toBeGreaterThan(0);
  const hidden = mailbox.deliverUnseen();
  daemon.sweep().catch(() => undefined);
  await expect.poll(() => handed, { timeout: 3_000 }).toEqual([hidden]);
});
