/** One of a queue's folders is not there (deleted, or never was), or cannot be read. */
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

it("a watched folder that Graph refuses keeps neither the mail of the others waiting nor their sweep", async () => {
  const denied = { error: { code: "ErrorAccessDenied", message: "Access is denied." } };
  const { daemon, mailbox, handed, of, later } = await createFaultScene(
    { defaults: { folders: ["archive", "inbox"], sweepIntervalMs: 0 } },
    {
      between: (send) => (input, init) =>
        String(input).includes("/mailFolders/archive") ? Promise.resolve(Response.json(denied, { status: 403 })) : send(input, init),
    },
  );
  const shown = mailbox.deliver();
  await daemon.start();
  await expect.poll(() => handed).toEqual([shown]);
  await expect.poll(() => of("queue:failed")).not.toEqual([]);
  expect(of("queue:failed")[0]).toMatchObject({ code: "GRAPH_FORBIDDEN", serviceCode: "ErrorAccessDenied" });
  const hidden = mailbox.deliverUnseen();
  const swept = daemon.sweep();
  await expect
    .poll(() => {
      later(60_000);
      return handed;
    })
    .toEqual([shown, hidden]);
  expect(await swept).toMatchObject({ found: 1 });
});
