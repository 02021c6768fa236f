/** A lost cursor: what its walk over again shows as new is delivered unless it is a copy, and a dead link is not asked for again. */
import { expect, test } from "vitest";
import { createScene, startAt, turnOf, walk } from "./set-up.js";

const shown = (id: string) => ({
  id,
  receivedDateTime: new Date(startAt).toISOString(),
  isRead: false,
  parentFolderId: "f",
  internetMessageId: "<same@contoso.com>",
});
const dead = { status: 410, code: "SyncStateNotFound" };

async function begun() {
  const scene = await createScene();
  const session = await scene.open({ startFrom: "unread" });
  session.begin();
  return Object.assign(scene, { turn: () => turnOf(scene, session), ids: () => scene.deliveries.map(({ message }) => message.id) });
}

/** "a" is settled, the cursor dies, and the walk over again shows "b" with the same Message-ID and time. */
async function walkedAgain({ isThere }: { readonly isThere: boolean }) {
  const scene = await begun();
  scene.pages.set(walk("inbox"), { value: [shown("a")], delta: "2" });
  await scene.turn();
  void scene.deliveries[0]?.ack();
  await scene.clock.advance(1_000);
  expect(scene.of("message:settled").length).toBe(1);
  scene.pages.set("2", dead);
  scene.pages.set(walk("inbox"), { value: isThere ? [shown("a"), shown("b")] : [shown("b")], delta: "3" });
  if (!isThere) scene.message = (id) => (id === "a" ? undefined : shown(id));
  await scene.turn();
  return scene.ids();
}

test("two messages that share Message-ID and time are both delivered: a copy is one only while the first is not there", async () => {
  expect(await walkedAgain({ isThere: true })).toEqual(["a", "b"]);
});

test("a settled message that is there under another id only does not come again", async () => {
  expect(await walkedAgain({ isThere: false })).toEqual(["a"]);
});

test("a cursor that was lost is told once and not asked for again, although the listing that stands in for its walk fails", async () => {
  const scene = await begun();
  scene.pages.set(walk("inbox"), { value: [], delta: "2" });
  await scene.turn();
  scene.pages.set("2", dead);
  scene.pages.set(walk("inbox"), { value: [], delta: "3" });
  await scene.turn();
  // Within the hour of the walk over again: the folder is listed.
  scene.pages.set("3", dead);
  scene.pages.set("me/mailFolders/inbox", { status: 403, code: "ErrorAccessDenied" });
  for (let turn = 1; turn <= 3; turn += 1) await expect(scene.turn()).rejects.toMatchObject({ code: "GRAPH_FORBIDDEN" });
  expect(scene.requests.filter(({ name }) => name === "3").length).toBe(1);
  expect(scene.of("queue:cursor-lost").length).toBe(2);
});
