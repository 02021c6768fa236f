import { expect, test } from "vitest";
import { createCaller, immutable } from "./caller.js";

const inbox = "/me/mailFolders/inbox";
const light = "id,receivedDateTime,isRead,parentFolderId,internetMessageId,categories";

async function withDamaged() {
  const caller = await createCaller();
  const [before, damaged, after] = caller.user.mailbox.deliverMany([{}, { subject: "Broken" }, {}]) as [string, string, string];
  const page = (path: string, size: number) => caller.ask(path, { prefer: `${immutable}, odata.maxpagesize=${size}` });
  return { ...caller, before, damaged, after, page, mailbox: caller.user.mailbox };
}

test("a damaged message fails by id for what cannot be read, and is read without it", async () => {
  const { ask, mailbox, damaged } = await withDamaged();
  mailbox.damage(damaged);
  const whole = await ask(`/me/messages/${damaged}`);
  expect([whole.status, whole.body.error.code]).toEqual([500, "ErrorItemCorrupt"]);
  for (const property of ["body", "uniqueBody", "internetMessageHeaders", "bodyPreview"]) {
    expect((await ask(`/me/messages/${damaged}?$select=subject,${property}`)).status).toBe(500);
  }
  expect((await ask(`/me/messages/${damaged}?$select=subject,from`)).body).toMatchObject({ subject: "Broken", from: {} });
});

test("status, code and properties are as asked; repaired it reads as before", async () => {
  const { ask, batch, mailbox, damaged, before } = await withDamaged();
  mailbox.damage(damaged, { code: "ErrorMimeContentConversionFailed", status: 400, properties: ["toRecipients"] });
  const parts = await batch(
    { id: "1", method: "GET", url: `/me/messages/${damaged}?$select=toRecipients` },
    { id: "2", method: "GET", url: `/me/messages/${damaged}?$select=body` },
    { id: "3", method: "GET", url: `/me/messages/${before}` },
  );
  const part = (id: string) => parts.body.responses.find((each: { id: string }) => each.id === id);
  expect(part("1")).toMatchObject({ status: 400, body: { error: { code: "ErrorMimeContentConversionFailed" } } });
  expect([part("2").status, part("3").status]).toEqual([200, 200]);
  mailbox.repair(damaged);
  expect((await ask(`/me/messages/${damaged}?$select=toRecipients`)).status).toBe(200);
});

test("a list page that would show it fails as a whole; pages beside it and light pages work", async () => {
  const { ask, mailbox, damaged } = await withDamaged();
  mailbox.damage(damaged);
  const page = await ask(`${inbox}/messages?$top=3`);
  expect([page.status, page.body.error.code]).toEqual([500, "ErrorItemCorrupt"]);
  expect((await ask("/me/messages?$top=2&$select=body")).status).toBe(500);
  expect((await ask(`${inbox}/messages?$top=1`)).status).toBe(200);
  expect((await ask(`${inbox}/messages?$top=1&$skip=2`)).status).toBe(200);
  expect((await ask(`${inbox}/messages?$top=3&$select=${light},subject`)).body.value).toHaveLength(3);
});

test("a delta page that would show it fails and leaves the walk where it was", async () => {
  const { ask, round, page, mailbox, damaged } = await withDamaged();
  mailbox.damage(damaged, { page: 504 });
  const first = await page(`${inbox}/messages/delta`, 1);
  expect(first.status).toBe(200);
  const link = first.body["@odata.nextLink"];
  for (let time = 0; time < 5; time++) {
    const failed = await page(link, time % 2 === 0 ? 1 : 2);
    expect([failed.status, failed.body.error]).toMatchObject([504, { code: "UnknownError", message: "" }]);
  }
  expect((await ask(`${inbox}/messages/delta?$select=${light}`)).body.value).toHaveLength(3);
  mailbox.repair(damaged);
  const rest = await round((await page(link, 1)).body["@odata.nextLink"]);
  expect(rest.items).toHaveLength(1);
});

test("a later round shows a damaged message's removal, and its changes as far as they can be read", async () => {
  const { round, ask, mailbox, damaged } = await withDamaged();
  const { link } = await round();
  mailbox.damage(damaged);
  mailbox.update(damaged, { isRead: true });
  const changed = await round(link);
  expect(changed.items).toMatchObject([{ id: damaged, isRead: true }]);
  mailbox.move(damaged, "archive");
  expect((await round(changed.link)).items).toMatchObject([{ id: damaged, "@removed": {} }]);
  expect((await ask("/me/mailFolders/archive/messages/delta")).body.error.code).toBe("ErrorItemCorrupt");
});

test("damaged in all, not even its id is given by id, and pages give no more than what tells it", async () => {
  const { ask, mailbox, damaged } = await withDamaged();
  mailbox.damage(damaged, { properties: "all" });
  expect((await ask(`/me/messages/${damaged}?$select=id`)).status).toBe(500);
  expect((await ask(`${inbox}/messages?$select=${light}`)).body.value).toHaveLength(3);
  expect((await ask(`${inbox}/messages/delta?$select=${light}`)).body.value).toHaveLength(3);
  expect((await ask(`${inbox}/messages?$select=${light},subject`)).status).toBe(500);
  expect((await ask(`${inbox}/messages/delta?$select=${light},subject`)).status).toBe(500);
});

test("it can be marked and moved all the same, unless it is damaged in all or so asked", async () => {
  const { ask, mailbox, damaged } = await withDamaged();
  const patch = () => ask(`/me/messages/${damaged}`, { method: "PATCH", body: { isRead: true } });
  const move = () => ask(`/me/messages/${damaged}/move`, { method: "POST", body: { destinationId: "archive" } });
  mailbox.damage(damaged, { changes: false });
  expect([(await patch()).status, (await move()).status]).toEqual([500, 500]);
  expect((await ask(`/me/messages/${damaged}`, { method: "DELETE" })).status).toBe(500);
  mailbox.damage(damaged, { properties: "all" });
  expect((await patch()).status).toBe(500);
  expect(mailbox.message(damaged)).toMatchObject({ isRead: false, folder: "Inbox" });
  mailbox.damage(damaged);
  const answer = await patch();
  expect(answer.body).toMatchObject({ isRead: true, subject: "Broken", parentFolderId: expect.any(String) });
  expect(answer.body).not.toHaveProperty("body");
  expect((await move()).status).toBe(201);
});
