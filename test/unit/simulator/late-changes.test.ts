import { expect, test } from "vitest";
import { createCaller, immutable, noChance } from "./caller.js";

const inbox = "/me/mailFolders/inbox";
const delta = `${inbox}/messages/delta`;

/** A simulator whose clock the test moves. */
async function createLate(options: { lateMs?: number } = {}) {
  const clock = { now: 1_700_000_000_000 };
  const caller = await createCaller({ now: () => clock.now, quirks: { ...noChance, lateChanges: true }, ...options });
  return { ...caller, clock, mailbox: caller.user.mailbox };
}

test("an arrival is in lists, counts and gets at once, and in delta only after its time", async () => {
  const { ask, round, clock, mailbox } = await createLate({ lateMs: 5_000 });
  const { link } = await round();
  const id = mailbox.deliver();
  clock.now += 4_999;
  const early = await round(link);
  expect(early.items).toEqual([]);
  expect((await round()).items).toEqual([]);
  expect((await round(`${delta}?$orderby=receivedDateTime desc`)).items).toEqual([]);
  expect((await ask(`${inbox}/messages`, { prefer: immutable })).body.value).toMatchObject([{ id }]);
  expect((await ask(`/me/messages/${id}`)).status).toBe(200);
  expect((await ask(inbox)).body.totalItemCount).toBe(1);
});

test("after its time it is told once, to the link that missed it and to new walks", async () => {
  const { round, clock, mailbox } = await createLate();
  const { link } = await round();
  const id = mailbox.deliver();
  const early = await round(link);
  clock.now += 60_000;
  const late = await round(early.link);
  expect(late.items.map((item) => item.id)).toEqual([id]);
  expect((await round(late.link)).items).toEqual([]);
  expect((await round(`${delta}?$orderby=receivedDateTime desc`)).items.map((item) => item.id)).toEqual([id]);
});

test("changes and leavings are as late, each by its own time", async () => {
  const { ask, round, clock, mailbox } = await createLate();
  const id = mailbox.deliver();
  clock.now += 60_000;
  const known = await round();
  mailbox.update(id, { isRead: true });
  clock.now += 30_000;
  mailbox.remove(id);
  expect((await round(known.link)).items).toEqual([]);
  expect((await ask(`/me/messages/${id}`)).status).toBe(404);
  clock.now += 60_000;
  expect((await round(known.link)).items).toMatchObject([{ id, "@removed": {} }]);
});

test("without the habit delta is never late", async () => {
  const { round, user } = await createCaller();
  const { link } = await round();
  const id = user.mailbox.deliver();
  expect((await round(link)).items.map((item) => item.id)).toEqual([id]);
});

test("a message that delta shows can be missing for gets for a while, by a fault for it", async () => {
  const { ask, batch, round, sim, user } = await createCaller();
  const { link } = await round();
  const [id, other] = user.mailbox.deliverMany([{}, {}]) as [string, string];
  sim.faults.add({ name: "not there yet", route: "message", messageId: id, status: 404, count: 3 });
  expect((await round(link)).items.map((item) => item.id).sort()).toEqual([id, other].sort());
  const byDefault = encodeURIComponent(user.mailbox.message(id)!.defaultId);
  const statuses = [(await ask(`/me/messages/${id}`)).status, (await ask(`/me/messages/${byDefault}`)).status];
  const parts = await batch(
    { id: "1", method: "GET", url: `/me/messages/${id}` },
    { id: "2", method: "GET", url: `/me/messages/${other}` },
  );
  const statusOf = (part: string) => parts.body.responses.find((each: { id: string }) => each.id === part).status;
  expect([...statuses, statusOf("1"), statusOf("2")]).toEqual([404, 404, 404, 200]);
  expect((await ask(`/me/messages/${id}`)).status).toBe(200);
  expect(user.mailbox.message(id)).toBeDefined();
});
