/** Whose mailbox it is cannot be asked for (a right that lacks, an address that is no sign-in name): mail comes all the same. */
import { expect, test } from "vitest";
import { address, createScene, startAt, turnOf } from "./set-up.js";

const root = `users/${address}`;
const begin = `${root}/mailFolders/inbox/messages/delta`;

test.each([
  { status: 403, code: "Authorization_RequestDenied" },
  { status: 404, code: "Request_ResourceNotFound" },
])("a lost cursor of another's mailbox stops nothing while its owner cannot be asked for ($status $code)", async (refusal) => {
  const scene = await createScene();
  const session = await scene.open({ startFrom: "now", account: "agent@contoso.com" });
  Object.assign(session.mailbox.tokens, { owner: undefined });
  session.begin();
  scene.pages.set(root, refusal);
  scene.pages.set(begin, { value: [], delta: "2", date: new Date(startAt).toUTCString() });
  await turnOf(scene, session);
  const mail = { id: "a", receivedDateTime: new Date(startAt + 5_000).toISOString(), isRead: false, parentFolderId: "f" };
  scene.pages.set("2", { status: 410, code: "SyncStateNotFound" });
  scene.pages.set(begin, { value: [mail], delta: "3" });
  scene.pages.set("3", { value: [], delta: "3" });
  scene.pages.set(`${root}/mailFolders/inbox`, { value: [], total: 1 });
  scene.pages.set(`${root}/mailFolders/inbox/messages`, { value: [mail] });
  for (let turn = 1; turn <= 12; turn += 1) {
    await turnOf(scene, session).catch(() => undefined);
    await scene.clock.advance(3_600_000);
  }
  expect(scene.of("queue:cursor-lost").length).toBe(1);
  // Nobody settles it here, so it comes again after its time.
  expect([...new Set(scene.deliveries.map(({ message }) => message.id))]).toEqual(["a"]);
});
