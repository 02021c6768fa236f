/** That a folder goes by delta again is told in each way back from a listing. */
import { expect, test } from "vitest";
import { createScene, startAt, turnOf, walk } from "./set-up.js";

test("a folder that was listed goes by delta again by a walk over again, and that is told", async () => {
  const scene = await createScene();
  const session = await scene.open({ startFrom: "now" });
  session.begin();
  scene.pages.set(walk("inbox"), { value: [], delta: "2", date: new Date(startAt).toUTCString() });
  await turnOf(scene, session);
  scene.pages.set("2", { status: 403, code: "ErrorQuotaExceeded" });
  scene.pages.set("me/mailFolders/inbox", { value: [], total: 0 });
  scene.pages.set("me/mailFolders/inbox/messages", { value: [] });
  await turnOf(scene, session);
  expect(scene.of("queue:mode-changed").map(({ mode }) => mode)).toEqual(["listing"]);
  await scene.clock.advance(24 * 3_600_000);
  scene.pages.set("2", { status: 410, code: "SyncStateNotFound" });
  scene.pages.set(walk("inbox"), { value: [], delta: "3" });
  scene.pages.set("3", { value: [], delta: "3" });
  await turnOf(scene, session);
  await turnOf(scene, session);
  expect(scene.requests.at(-1)?.name).toBe("3");
  expect(scene.of("queue:mode-changed").map(({ mode }) => mode)).toEqual(["listing", "delta"]);
});
