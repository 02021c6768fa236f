/** A link spells the id of a folder that is not there any more (the mailbox was made anew, the folder too), while its name leads to one that is. */
import { expect, test } from "vitest";
import { createScene, startAt, turnOf, walk } from "./set-up.js";

/** A folder whose link is refused, while its name leads to it; its id is known if a message was shown. */
async function refusedLink(code: string, shown: readonly object[]) {
  const scene = await createScene();
  const session = await scene.open({ startFrom: "now" });
  session.begin();
  scene.pages.set(walk("inbox"), { value: [...shown], delta: "2", date: new Date(startAt).toUTCString() });
  await turnOf(scene, session);
  const mail = { id: "b", receivedDateTime: new Date(startAt + 5_000).toISOString(), isRead: false, parentFolderId: "f" };
  scene.pages.set("2", { status: 404, code });
  scene.pages.set("me/mailFolders/inbox", { value: [], total: 1 });
  scene.pages.set("me/mailFolders/inbox/messages", { value: [mail] });
  scene.pages.set(walk("inbox"), { value: [mail], delta: "3" });
  scene.pages.set("3", { value: [], delta: "3" });
  for (let turn = 1; turn <= 24; turn += 1) {
    await turnOf(scene, session).catch(() => undefined);
    await scene.clock.advance(3_600_000);
  }
  // Nobody settles it here, so it comes again after its time.
  return [...new Set(scene.deliveries.map(({ message }) => message.id))];
}

test.each(["ErrorItemNotFound", "ErrorFolderNotFound", "ErrorSyncFolderNotFound"])(
  "a link that Graph refuses with 404 %s is given up, and the folder is walked by its name",
  async (code) => {
    expect(await refusedLink(code, [])).toEqual(["b"]);
  },
);

test("a link that Graph refuses with 404 is given up, though the folder has kept its id", async () => {
  // Such as one that was deleted and recovered.
  const old = { id: "a", receivedDateTime: new Date(startAt - 5_000).toISOString(), isRead: false, parentFolderId: "f" };
  expect(await refusedLink("ErrorItemNotFound", [old])).toEqual(["b"]);
});
