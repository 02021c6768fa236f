/** A folder that is listed from its beginning: what its first walk is bounded by must outlast a listing that fails. */
import { expect, test } from "vitest";
import { createScene, startAt, turnOf, walk } from "./set-up.js";

const at = (ms: number) => new Date(startAt + ms);
const listing = "me/mailFolders/inbox/messages";

test("what comes after the first answer of a folder is delivered, although its first listing has to begin again", async () => {
  const scene = await createScene();
  scene.pages.set(walk("inbox"), { status: 403, code: "ErrorQuotaExceeded" });
  scene.pages.set("me/mailFolders/inbox", { value: [], total: 1, date: at(0).toUTCString() });
  scene.pages.set(listing, { status: 403, code: "ErrorAccessDenied" });
  const session = await scene.open({ startFrom: "now" });
  session.begin();
  await expect(turnOf(scene, session)).rejects.toMatchObject({ code: "GRAPH_FORBIDDEN" });
  // A minute later; "new" came in between, the queue being live since the first answer.
  scene.pages.set("me/mailFolders/inbox", { value: [], total: 1, date: at(60_000).toUTCString() });
  const shown = (id: string, ms: number) => ({ id, receivedDateTime: at(ms).toISOString(), isRead: false, parentFolderId: "f" });
  scene.pages.set(listing, { value: [shown("new", 30_000), shown("old", -30_000)] });
  await turnOf(scene, session);
  expect(scene.deliveries.map(({ message }) => message.id)).toEqual(["new"]);
});
