/** How far a walk runs ahead: the next page comes while one is recorded, and none is asked for while too many messages wait. */
import { expect, test } from "vitest";
import type { QueueOptions } from "../../../src/daemon/options.js";
import type { Delivery } from "../../../src/delivery/delivery.js";
import { fullSelect } from "../../../src/mailbox/message.js";
import { settle } from "../../support/manual-clock.js";
import { stepping } from "../../support/stepping.js";
import { away } from "../../support/troubled-store.js";
import { createScene, turnOf, walk } from "./set-up.js";

const item = (id: string) => ({ id, receivedDateTime: "2026-02-01T00:00:00Z", isRead: false, parentFolderId: "f" });
/** All that the full select asks for. */
const everything = Object.fromEntries(
  fullSelect()
    .split(",")
    .map((name) => [name, null]),
);
const many = (count: number, from = 0) => Array.from({ length: count }, (_, index) => item(`m${from + index}`));

async function opened(options: Partial<QueueOptions> = {}) {
  const scene = await createScene();
  const session = await scene.open({ startFrom: "everything", maxInFlight: 1, ...options });
  session.begin();
  return Object.assign(scene, {
    session,
    turn: () => turnOf(scene, session),
    /** Settles so many, one after another. */
    async ack(count: number) {
      for (let done = 0; done < count; done += 1) {
        while (scene.deliveries.length <= done) await scene.clock.advance(10);
        await stepping((scene.deliveries[done] as Delivery).ack(), () => scene.clock.advance(1));
      }
    },
    asked: () => scene.requests.filter(({ name }) => name !== "$batch").map(({ name }) => name),
    link: async () => ((await scene.store.get(["support@contoso.com", "cursor", "inbox"]))?.value as { link?: { url: string } })?.link?.url,
  });
}

test("the next page is asked for while one is recorded, and the one after it is not", async () => {
  const scene = await opened();
  scene.pages.set(walk("inbox"), { value: [item("a")], next: "2" });
  scene.pages.set("2", { value: [item("b")], next: "3" });
  scene.pages.set("3", { value: [item("c")], delta: "4" });
  const isPage = (key: readonly unknown[]) => key[1] === "cursor";
  scene.store.hold(({ puts }) => puts?.some(({ key }) => isPage(key)) === true);
  const turn = scene.turn();
  while (scene.store.heldCount === 0) await settle();
  await settle();
  expect(scene.asked()).toEqual([walk("inbox"), "2"]);
  expect(await scene.link()).toBeUndefined();
  scene.store.release();
  expect(await turn).toMatchObject({ pages: 3, messages: 3 });
  expect(scene.asked()).toEqual([walk("inbox"), "2", "3"]);
});

test("a page that is not recorded ends the turn with that error, and the one that came meanwhile is asked for again later", async () => {
  const scene = await opened();
  scene.pages.set(walk("inbox"), { value: [item("a")], next: "2" });
  scene.pages.set("2", { status: 500, code: "trouble" });
  const error = away();
  scene.store.refuse = ({ puts }) => (puts?.some(({ key }) => key[1] === "cursor") ? error : undefined);
  await expect(scene.turn()).rejects.toBe(error);
  scene.store.refuse = undefined;
  scene.pages.set("2", { value: [item("b")], delta: "3" });
  expect(await scene.turn()).toMatchObject({ messages: 2 });
});

test("the error of the page that is coming is told when the one before is recorded", async () => {
  const scene = await opened();
  scene.pages.set(walk("inbox"), { value: [item("a")], next: "2" });
  scene.pages.set("2", { status: 403, code: "ErrorAccessDenied" });
  await expect(scene.turn()).rejects.toMatchObject({ code: "GRAPH_FORBIDDEN" });
  expect(scene.session.ledger.open.has("a")).toBe(true);
  expect(await scene.link()).toContain("/2");
});

test("while as many messages wait as may no page is asked for, and the round goes on when some have been delivered", async () => {
  const scene = await opened({ highWaterMessages: 100 });
  scene.pages.set(walk("inbox"), { value: many(60), next: "2" });
  scene.pages.set("2", { value: many(60, 60), next: "3" });
  scene.pages.set("3", { value: many(60, 120), delta: "4" });
  expect(await scene.turn()).toMatchObject({ messages: 120, unfinished: true });
  expect(scene.asked()).toEqual([walk("inbox"), "2"]);
  expect(await scene.turn()).toMatchObject({ pages: 0, messages: 0, unfinished: true });
  expect(scene.asked()).toHaveLength(2);

  await scene.ack(40);
  const result = await scene.turn();
  expect(result).toMatchObject({ messages: 60 });
  expect(result.unfinished).toBeUndefined();
  expect(scene.asked()).toEqual([walk("inbox"), "2", "3"]);
  expect(new Set([...scene.session.ledger.open.keys(), ...scene.deliveries.map(({ message }) => message.id)]).size).toBe(180);
});

test("a listing too goes no further than that, and begins anew when there are fewer", async () => {
  const scene = await opened({ highWaterMessages: 100, folders: ["inbox"] });
  const session = Object.assign(scene.session, { hasDelta: false });
  const listing = "me/mailFolders/inbox/messages";
  scene.pages.set("me/mailFolders/inbox", { value: [], total: 180 });
  scene.pages.set(listing, { value: many(120), next: "l2" });
  scene.pages.set("l2", { value: many(60, 120) });
  expect(await turnOf(scene, session)).toMatchObject({ messages: 120, unfinished: true });
  await scene.ack(100);
  expect(await turnOf(scene, session)).toMatchObject({ messages: 60 });
});

test("pages come smaller when they are large", async () => {
  const scene = await opened();
  const large = { ...item("large"), subject: "x".repeat(8 * 2 ** 20) };
  scene.pages.set(walk("inbox"), { value: [large], next: "2" });
  scene.pages.set("2", { value: [item("b")], delta: "3" });
  await scene.turn();
  expect(scene.requests.filter(({ name }) => name !== "$batch").map(({ prefer }) => prefer.match(/maxpagesize=(\d+)/)?.[1])).toEqual([
    "100",
    "49",
  ]);
});

test("content is not fetched before it can be kept: a page waits for the handler, but not for long", async () => {
  const scene = await opened({ maxInFlight: 100 });
  const full = (from: number) => many(150, from).map((one) => ({ ...everything, ...one }));
  for (const [at, link] of [walk("inbox"), "2", "3"].entries()) scene.pages.set(link, { value: full(at * 150), next: `${at + 2}` });
  scene.pages.set("4", { value: [], delta: "5" });
  await scene.turn();
  const [first, second, third, fourth] = scene.requests.filter(({ name }) => name !== "$batch").map(({ at }) => at) as [
    number,
    ...number[],
  ];
  expect([second, third]).toEqual([first, first]);
  // 200 messages wait with their content when the fourth page is asked for.
  expect(fourth).toBe(first + 250);
});
