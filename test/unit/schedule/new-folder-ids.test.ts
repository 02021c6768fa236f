/** A mailbox that was made anew or restored under the same user: its folders have other ids, and mail that lies in them was moved by nobody. */
import { expect, test } from "vitest";
import { createScene, startAt, turnOf, walk } from "./set-up.js";

test("after a lost cursor, mail in a folder that has another id now is delivered and not told as moved", async () => {
  const scene = await createScene();
  const session = await scene.open({ startFrom: "now", ifChangedElsewhere: { moved: "skip" } });
  session.begin();
  const shown = (id: string, parentFolderId: string) => ({
    id,
    receivedDateTime: new Date(startAt + 1_000).toISOString(),
    isRead: false,
    parentFolderId,
  });
  scene.pages.set("me/mailFolders/deleteditems", { value: [], total: 0 });
  scene.pages.set(walk("inbox"), { value: [shown("a", "inbox before")], delta: "2", date: new Date(startAt).toUTCString() });
  scene.message = (id) => shown(id, "inbox before");
  await turnOf(scene, session);
  expect(scene.deliveries.length).toBe(1);
  scene.pages.set("2", { status: 410, code: "SyncStateNotFound" });
  scene.pages.set(walk("inbox"), { value: [shown("b", "inbox now")], delta: "3" });
  scene.message = (id) => (id === "b" ? shown(id, "inbox now") : undefined);
  await turnOf(scene, session);
  expect(scene.of("message:changed-elsewhere")).toEqual([]);
  expect(scene.deliveries.map(({ message }) => message.id)).toEqual(["a", "b"]);
});
