/** A round may show of an unknown message only what changed (reported: 3 of 18 properties): what it leaves out was not changed by anybody later. */
import { expect, test } from "vitest";
import { createScene, startAt, turnOf, walk } from "./set-up.js";

test("a message that was read before it was found, and of which the round does not say so, was read by nobody meanwhile", async () => {
  const scene = await createScene();
  const session = await scene.open({ startFrom: "now", ifChangedElsewhere: { read: "skip" } });
  session.begin();
  scene.pages.set(walk("inbox"), { value: [], delta: "2", date: new Date(startAt).toUTCString() });
  await turnOf(scene, session);
  scene.pages.set("2", { value: [{ id: "a", parentFolderId: "f" }], delta: "3" });
  scene.message = (id) => ({
    id,
    subject: id,
    isRead: true,
    parentFolderId: "f",
    receivedDateTime: new Date(startAt - 5_000).toISOString(),
  });
  await turnOf(scene, session);
  expect(scene.of("message:changed-elsewhere")).toEqual([]);
  expect(scene.deliveries.map(({ message }) => message.id)).toEqual(["a"]);
});
