/** What others did to settled messages: told once, and never our own echo, which delta may show as it was before its mark. */
import { expect, test } from "vitest";
import { createScene, startAt, turnOf, walk } from "./set-up.js";

const address = "Support@Contoso.com";
const shown = (isRead: boolean) => ({ id: "a", receivedDateTime: new Date(startAt).toISOString(), isRead, parentFolderId: "f" });

/** One message that is settled and marked read. */
async function marked() {
  const scene = await createScene();
  const session = await scene.open({ startFrom: "everything" });
  session.begin();
  const state = { isRead: false };
  scene.message = () => ({ ...shown(state.isRead), categories: [] });
  scene.pages.set(walk("inbox"), { value: [shown(false)], delta: "2" });
  await turnOf(scene, session);
  void scene.deliveries[0]?.ack();
  await scene.clock.advance(1_000);
  state.isRead = true;
  expect(scene.of("message:marked")).toMatchObject([{ id: "a" }]);
  return Object.assign(scene, { state, turn: () => turnOf(scene, session) });
}

test("a page that shows a message as it was before its mark is our own echo: nothing is told", async () => {
  const scene = await marked();
  scene.pages.set("2", { value: [shown(false)], delta: "3" });
  await scene.turn();
  expect(scene.of("message:changed-elsewhere")).toEqual([]);
});

test("a message that is unread again was changed by somebody else: it is told once, and not delivered again", async () => {
  const scene = await marked();
  scene.state.isRead = false;
  scene.pages.set("2", { value: [shown(false)], delta: "3" });
  scene.pages.set("3", { value: [shown(false)], delta: "4" });
  await scene.turn();
  await scene.turn();
  expect(scene.of("message:changed-elsewhere")).toEqual([
    { name: "message:changed-elsewhere", queue: address, id: "a", change: "unread", settled: true },
  ]);
  expect(scene.deliveries.length).toBe(1);
});
