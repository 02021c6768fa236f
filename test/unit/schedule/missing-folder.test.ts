/** One of a queue's folders is not there: the others go on, it is told, and looked for more seldom. */
import { expect, test } from "vitest";
import { createScene, turnOf, walk } from "./set-up.js";

const minute = 60_000;

async function opened(folders: string[]) {
  const scene = await createScene();
  const session = await scene.open({ folders });
  session.begin();
  for (const folder of folders) scene.pages.set(walk(folder), { status: 404, code: "ErrorFolderNotFound" });
  return Object.assign(scene, {
    session,
    turn: () => turnOf(scene, session),
    asked: (folder: string) => scene.requests.filter(({ name }) => name === walk(folder)).length,
  });
}

test("the others have their round each time, the missing one at first every five minutes, then every hour", async () => {
  const scene = await opened(["archive", "inbox"]);
  scene.pages.set(walk("inbox"), { value: [], delta: "2" });
  scene.pages.set("2", { value: [], delta: "2" });
  expect(await scene.turn()).toMatchObject({ pages: 1, missing: { code: "SYNC_FOLDER_NOT_FOUND" } });
  await scene.clock.advance(4 * minute);
  expect(await scene.turn()).toMatchObject({ pages: 1, missing: { code: "SYNC_FOLDER_NOT_FOUND" } });
  expect(scene.asked("archive")).toBe(1);
  for (let look = 0; look < 3; look += 1) {
    await scene.clock.advance(5 * minute);
    await scene.turn();
  }
  expect(scene.asked("archive")).toBe(4);
  await scene.clock.advance(55 * minute);
  await scene.turn();
  expect(scene.asked("archive")).toBe(4);
  await scene.clock.advance(5 * minute);
  await scene.turn();
  expect(scene.asked("archive")).toBe(5);
  expect(scene.of("queue:failed")).toMatchObject([1, 2, 3, 4, 5].map((failures) => ({ code: "SYNC_FOLDER_NOT_FOUND", failures })));
  expect(scene.of("queue:failed").map(({ nextInMs }) => nextInMs / minute)).toEqual([5, 5, 5, 60, 60]);
});

test("once it is there it has its rounds as the others, and a demand looks for it at once", async () => {
  const scene = await opened(["archive", "inbox"]);
  scene.pages.set(walk("inbox"), { value: [], delta: "2" });
  scene.pages.set("2", { value: [], delta: "2" });
  await scene.turn();
  scene.pages.set(walk("archive"), { value: [], delta: "g2" });
  scene.session.missing.lookAgain();
  expect(await scene.turn()).toEqual({ pages: 2, messages: 0 });
});

test("where none of the folders is there the turn fails, and each turn looks for all", async () => {
  const scene = await opened(["archive", "drafts"]);
  for (let turn = 1; turn <= 2; turn += 1) {
    await expect(scene.turn()).rejects.toMatchObject({ code: "SYNC_FOLDER_NOT_FOUND" });
    expect([scene.asked("archive"), scene.asked("drafts")]).toEqual([turn, turn]);
  }
  expect(scene.of("queue:failed")).toEqual([]);
});
