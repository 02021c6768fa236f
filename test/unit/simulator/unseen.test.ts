import { expect, test } from "vitest";
import { createCaller, noChance } from "./caller.js";

const inbox = "/me/mailFolders/inbox";

test("a message that came unseen is in the folder, and no delta round and no walk shows it", async () => {
  const { ask, round, user } = await createCaller();
  const seen = user.mailbox.deliver();
  const { link } = await round();
  const unseen = user.mailbox.deliverUnseen({ subject: "Silent" });
  const later = await round(link);
  expect(later.items).toEqual([]);
  expect((await round(later.link)).items).toEqual([]);
  expect((await round()).items.map((item) => item.id)).toEqual([seen]);
  expect((await round(`${inbox}/messages/delta?$orderby=receivedDateTime desc`)).items.map((item) => item.id)).toEqual([seen]);

  const list = await ask(`${inbox}/messages?$select=id`, { prefer: 'IdType="ImmutableId"' });
  expect(list.body.value.map((item: { id: string }) => item.id).sort()).toEqual([seen, unseen].sort());
  expect((await ask(inbox)).body).toMatchObject({ totalItemCount: 2, unreadItemCount: 2 });
  expect((await ask(`/me/messages/${unseen}`)).body.subject).toBe("Silent");
});

test("it may be shown to walks that begin without a token, never to later rounds", async () => {
  const { round, user } = await createCaller();
  const { link } = await round();
  const unseen = user.mailbox.deliverUnseen({}, "inbox", { walks: "shown" });
  expect((await round(link)).items).toEqual([]);
  expect((await round()).items.map((item) => item.id)).toEqual([unseen]);
});

test("it is told once it changes, also to walks", async () => {
  const { round, user } = await createCaller();
  const { link } = await round();
  const unseen = user.mailbox.deliverUnseen({ subject: "Silent" });
  const later = await round(link);
  user.mailbox.update(unseen, { isRead: true });
  const [item] = (await round(later.link)).items;
  expect(item).toMatchObject({ id: unseen, isRead: true });
  expect(item).not.toHaveProperty("subject");
  expect((await round()).items).toMatchObject([{ id: unseen, subject: "Silent" }]);
});

test("changed within the window of its arrival, it is told by the change", async () => {
  const { round, user } = await createCaller();
  const { link } = await round();
  const unseen = user.mailbox.deliverUnseen();
  user.mailbox.update(unseen, { isRead: true });
  const { items } = await round(link);
  expect(items).toMatchObject([{ id: unseen, isRead: true }]);
  expect(items[0]).not.toHaveProperty("subject");
});

test("old mail moved in unseen is told by the folder it left alone, until it moves again", async () => {
  const { round, user } = await createCaller();
  const archived = "/me/mailFolders/archive/messages/delta";
  const id = user.mailbox.deliver({ receivedAt: 0 }, "archive");
  const [inFolder, inArchive] = [await round(), await round(archived)];
  user.mailbox.move(id, "inbox", { unseen: true });
  const silent = await round(inFolder.link);
  expect(silent.items).toEqual([]);
  expect((await round(inArchive.link)).items).toMatchObject([{ id, "@removed": {} }]);
  expect((await round()).items).toEqual([]);
  expect(user.mailbox.message(id)!.folder).toBe("Inbox");
  user.mailbox.move(id, "archive");
  user.mailbox.move(id, "inbox");
  expect((await round()).items).toMatchObject([{ id }]);
});

test("with the trap off, what left and came back unseen is told as removed", async () => {
  const { round, user } = await createCaller({ quirks: { ...noChance, moveAwayAndBackHidden: false } });
  const id = user.mailbox.deliver();
  const { link } = await round();
  user.mailbox.move(id, "archive");
  user.mailbox.move(id, "inbox", { unseen: true });
  expect((await round(link)).items).toMatchObject([{ id, "@removed": {} }]);
});
