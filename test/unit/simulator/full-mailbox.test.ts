import { expect, test } from "vitest";
import { createCaller, immutable } from "./caller.js";

const inbox = "/me/mailFolders/inbox";

test("a full mailbox refuses delta and changes, and still lists and gives", async () => {
  const { ask, batch, round, user } = await createCaller();
  const id = user.mailbox.deliver();
  const { link } = await round();
  user.mailbox.setFull(true);
  const patch = { method: "PATCH", body: { isRead: true } };
  const refused = [
    await ask(link),
    await ask(`${inbox}/messages/delta`),
    await ask(`/me/messages/${id}`, patch),
    await ask(`/me/messages/${id}/move`, { method: "POST", body: { destinationId: "archive" } }),
  ];
  for (const { status, body } of refused) expect([status, body.error.code]).toEqual([403, "ErrorQuotaExceeded"]);
  const json = { "Content-Type": "application/json" };
  const parts = await batch({ id: "1", url: `/me/messages/${id}`, headers: json, ...patch });
  expect(parts.body.responses).toMatchObject([{ status: 403, body: { error: { code: "ErrorQuotaExceeded" } } }]);
  expect(user.mailbox.message(id)).toMatchObject({ isRead: false, folder: "Inbox" });

  const late = user.mailbox.deliver();
  const list = await ask(`${inbox}/messages?$select=id`, { prefer: immutable });
  expect(list.body.value.map((item: { id: string }) => item.id).sort()).toEqual([id, late].sort());
  expect((await ask(`/me/messages/${late}`)).status).toBe(200);
  expect((await ask(inbox)).body.totalItemCount).toBe(2);
});

test("with room again, delta goes on from the link it had", async () => {
  const { ask, round, user } = await createCaller();
  const { link } = await round();
  user.mailbox.setFull(true);
  for (let time = 0; time < 5; time++) expect((await ask(link)).status).toBe(403);
  const late = user.mailbox.deliver();
  user.mailbox.setFull(false);
  expect((await round(link)).items.map((item) => item.id)).toEqual([late]);
  expect((await ask(`/me/messages/${late}`, { method: "PATCH", body: { isRead: true } })).status).toBe(200);
});
