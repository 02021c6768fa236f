/** Another mailbox behind the address while messages of the old one still wait for the host. */
import { expect, test } from "vitest";
import type { StartFrom } from "../../../src/schedule/session.js";
import { createScene, startAt, turnOf, walk } from "./set-up.js";

const shown = (id: string, isRead = false) => ({
  id,
  receivedDateTime: new Date(startAt + 1_000).toISOString(),
  isRead,
  parentFolderId: "f",
  internetMessageId: "<same@contoso.com>",
});

/** "a" is handed over; before the host has settled it, the mailbox is restored under another user: "a" is "b" there. */
async function replaced({ startFrom, isRead = false, before }: { startFrom: StartFrom; isRead?: boolean; before: "retry" | "nothing" }) {
  const scene = await createScene();
  // The host keeps what it was handed: no attempt ends by time within the test.
  const session = await scene.open({ startFrom, handlerTimeoutMs: 3 * 3_600_000 });
  session.begin();
  scene.pages.set(walk("inbox"), { value: [], delta: "2", date: new Date(startAt).toUTCString() });
  await turnOf(scene, session);
  scene.pages.set("2", { value: [shown("a")], delta: "3" });
  scene.message = (id) => (id === "a" ? shown(id) : undefined);
  await turnOf(scene, session);
  if (before === "retry") await Promise.all([scene.deliveries[0]?.retry({ afterMs: 60_000 }), scene.clock.advance(1_000)]);
  Object.assign(session.mailbox.tokens, { owner: "the user made anew" });
  await scene.clock.advance(30_000);
  scene.message = (id) => (id === "b" ? shown(id, isRead) : undefined);
  const listing = "me/mailFolders/inbox/messages";
  scene.pages.set(walk("inbox"), { value: [shown("b", isRead)], delta: "4", date: new Date(startAt + 30_000).toUTCString() });
  scene.pages.set("4", { value: [], delta: "4" });
  scene.pages.set("me/mailFolders/inbox", { value: [], total: 1 });
  scene.pages.set(listing, { value: [shown("b", isRead)] });
  await turnOf(scene, session);
  expect(scene.of("queue:mailbox-changed").length).toBe(1);
  return { ...scene, session };
}

test.each([
  { startFrom: "now" as const, isRead: false },
  { startFrom: "unread" as const, isRead: true },
])("a message that waited for its retry comes under its new id (startFrom $startFrom, read: $isRead)", async (how) => {
  const scene = await replaced({ ...how, before: "retry" });
  await scene.clock.advance(3_600_000);
  expect(scene.of("message:settled")).toEqual([]);
  expect(scene.deliveries.map(({ message }) => message.id)).toEqual(["a", "b"]);
});

test("a message that was in the host's hands does not come again under its new id once it is settled", async () => {
  const scene = await replaced({ startFrom: "unread", before: "nothing" });
  await Promise.all([scene.deliveries[0]?.ack(), scene.clock.advance(1_000)]);
  await scene.clock.advance(60_000);
  expect(scene.deliveries.map(({ message }) => message.id)).toEqual(["a"]);
});

test("a message that was in the host's hands and is rejected rests in quarantine under its new id alone", async () => {
  const scene = await replaced({ startFrom: "unread", before: "nothing" });
  await Promise.all([scene.deliveries[0]?.reject("not now"), scene.clock.advance(1_000)]);
  const { queueKey } = scene.session.ledger;
  const index = await scene.store.list({ prefix: [queueKey, "quarantine"], limit: 10 });
  expect(index.map(({ key }) => key[2])).toEqual(["b"]);
  expect((await scene.session.ledger.look(["b"])).get("b")?.final).toMatchObject({ state: "quarantined", attempts: 1 });
});

test("a message that was in the host's hands when the process ended comes under its new id after the restart", async () => {
  const scene = await replaced({ startFrom: "unread", before: "nothing" });
  const next = await scene.open({ startFrom: "unread", handlerTimeoutMs: 3 * 3_600_000 });
  next.begin();
  await scene.clock.advance(3_600_000);
  expect(scene.deliveries.map(({ message }) => message.id)).toEqual(["a", "b"]);
});
