/** Trouble of one folder is no trouble of the others: they have their rounds, and their sweep, for as long as it lasts. */
import { expect, test } from "vitest";
import type { MailError } from "../../../src/base/errors.js";
import type { Session } from "../../../src/schedule/session.js";
import { createSweeper, type Sweeper } from "../../../src/schedule/sweep.js";
import { stepping } from "../../support/stepping.js";
import { beginTurn, createScene, type Scene, startAt, turnOf, walk } from "./set-up.js";

const halfHourMs = 1_800_000;
const dayMs = 86_400_000;
const mail = (id: string, receivedAt: number) => ({
  id,
  receivedDateTime: new Date(receivedAt).toISOString(),
  isRead: false,
  parentFolderId: "f",
});
const handedOver = ({ deliveries }: Scene) => [...new Set(deliveries.map(({ message }) => message.id))];

/** Both folders empty and live. */
async function twoFolders() {
  const scene = await createScene();
  const session = await scene.open({ startFrom: "now", folders: ["inbox", "drafts"] });
  session.begin();
  for (const folder of ["inbox", "drafts"]) {
    scene.pages.set(walk(folder), { value: [], delta: `${folder}2`, date: new Date(startAt).toUTCString() });
    scene.pages.set(`${folder}2`, { value: [], delta: `${folder}2` });
    scene.pages.set(`me/mailFolders/${folder}`, { value: [], total: 1 });
    scene.pages.set(`me/mailFolders/${folder}/messages`, { value: [] });
  }
  await turnOf(scene, session);
  return { scene, session, sweeper: createSweeper({ settings: session.settings, clock: scene.clock }) };
}

async function turns({ scene, session, sweeper }: { scene: Scene; session: Session; sweeper: Sweeper }, count: number, gapMs: number) {
  const { clock } = scene;
  for (let turn = 0; turn < count; turn += 1) {
    const work = beginTurn(scene, session, { sweepStep: (one) => sweeper.step(one) });
    await stepping(work, () => clock.advance(1_000)).catch((error: MailError) => sweeper.roundFailed(error));
    await clock.advance(gapMs);
  }
}

test.each([
  { what: "500 ErrorItemCorrupt on every page", status: 500, code: "ErrorItemCorrupt" },
  { what: "403 ErrorAccessDenied", status: 403, code: "ErrorAccessDenied" },
  { what: "400 ErrorInvalidIdMalformed", status: 400, code: "ErrorInvalidIdMalformed" },
  { what: "503", status: 503, code: "ErrorServiceUnavailable" },
])("while the first folder answers $what, the mail of the second comes and is swept", async ({ status, code }) => {
  const host = await twoFolders();
  const { scene } = host;
  for (const page of ["inbox2", walk("inbox"), "me/mailFolders/inbox/messages"]) scene.pages.set(page, { status, code });
  const [shown, hidden] = [mail("shown", startAt + 5_000), mail("hidden", startAt + 6_000)];
  scene.pages.set("drafts2", { value: [shown], delta: "drafts2" });
  scene.pages.set("me/mailFolders/drafts/messages", { value: [shown, hidden] });
  await turns(host, 1, halfHourMs);
  expect(handedOver(scene)).toEqual(["shown"]);
  // The sick one is told by its name; no page of the others is smaller for it.
  expect(scene.of("queue:failed")).toMatchObject([{ folder: "inbox", serviceCode: code, failures: 1 }]);
  await turns(host, 47, halfHourMs);
  const asked = scene.requests.map(({ url }) => new URL(url)).filter(({ pathname }) => pathname.endsWith("mailFolders/drafts/messages"));
  expect(new Set(asked.map(({ searchParams }) => searchParams.get("$top")))).toEqual(new Set(["1000"]));
  expect(handedOver(scene)).toEqual(["shown", "hidden"]);
  expect(scene.of("message:found-by-sweep")).toMatchObject([{ id: "hidden", folder: "drafts" }]);
});

test("a folder that cannot be listed is passed over by the sweep, with what was listed of it, and told; the others are compared", async () => {
  const host = await twoFolders();
  const { scene, sweeper } = host;
  scene.pages.set("me/mailFolders/inbox/messages", { status: 500, code: "ErrorItemCorrupt" });
  scene.pages.set("me/mailFolders/drafts/messages", { value: [mail("hidden", startAt + 5_000)] });
  const swept = expect(sweeper.demand()).resolves.toMatchObject({ listed: 1, found: 1 });
  await turns(host, 20, 2_000);
  await swept;
  expect(handedOver(scene)).toEqual(["hidden"]);
  expect(scene.of("queue:sweep-failed")).toMatchObject([{ folder: "inbox", code: "GRAPH_UNAVAILABLE" }]);
  expect(scene.of("queue:swept")).toMatchObject([{ found: 1, unlisted: 1, pruned: 0 }]);
});

test("a sweep that can list none of the folders has failed, and says so to who asked for it", async () => {
  const host = await twoFolders();
  const { scene, sweeper } = host;
  for (const folder of ["inbox", "drafts"]) scene.pages.set(`me/mailFolders/${folder}/messages`, { status: 500, code: "ErrorItemCorrupt" });
  const refused = expect(sweeper.demand()).rejects.toMatchObject({ code: "GRAPH_UNAVAILABLE" });
  await turns(host, 40, 2_000);
  await refused;
  expect(scene.of("queue:swept")).toEqual([]);
  expect(scene.of("queue:sweep-failed")).toMatchObject([{ folder: "inbox" }, { folder: "drafts" }]);
});

test("the old mail of a folder that appears is old to a sweep as well, though that comes before the first walk", async () => {
  const scene = await createScene();
  const session = await scene.open({ startFrom: "now", folders: ["inbox", "archive"] });
  session.begin();
  scene.pages.set(walk("inbox"), { value: [], delta: "2", date: new Date(startAt).toUTCString() });
  scene.pages.set("2", { value: [], delta: "2" });
  scene.pages.set("me/mailFolders/inbox", { value: [], total: 0 });
  scene.pages.set("me/mailFolders/inbox/messages", { value: [] });
  const places = [walk("archive"), "me/mailFolders/archive", "me/mailFolders/archive/messages"];
  for (const place of places) scene.pages.set(place, { status: 404, code: "ErrorItemNotFound" });
  await turnOf(scene, session);

  const old = Array.from({ length: 50 }, (_, index) => mail(`old${index}`, startAt - (index + 400) * dayMs));
  scene.pages.set(walk("archive"), { value: old, delta: "a2", date: new Date(startAt + 10_000).toUTCString() });
  scene.pages.set("a2", { value: [], delta: "a2" });
  scene.pages.set("me/mailFolders/archive", { value: [], total: 50 });
  scene.pages.set("me/mailFolders/archive/messages", { value: old });
  const sweeper = createSweeper({ settings: session.settings, clock: scene.clock });
  const demanded = sweeper.demand();
  await turns({ scene, session, sweeper }, 6, 2_000);
  expect(await demanded).toMatchObject({ listed: 0, found: 0 });
  expect(scene.of("queue:swept")).toMatchObject([{ unlisted: 1 }]);
  // The folder has its first walk meanwhile, or later.
  await turns({ scene, session, sweeper }, 3, halfHourMs);
  expect(handedOver(scene)).toEqual([]);
});

test("a sweep that began in another mailbox begins anew: nothing that it listed there, or in a folder that waits for its first walk, is delivered", async () => {
  const host = await twoFolders();
  const { scene, session, sweeper } = host;
  const page = (number: number) => (number === 1 ? "me/mailFolders/inbox/messages" : `list${number}`);
  for (let number = 1; number <= 12; number += 1) {
    const last = number === 12 ? {} : { next: page(number + 1) };
    scene.pages.set(page(number), { value: [mail(`old${number}`, startAt - dayMs)], ...last });
  }
  const swept = expect(sweeper.demand()).resolves.toMatchObject({ listed: 0, found: 0 });
  await turns(host, 1, 2_000);
  expect(scene.requests.some(({ name }) => name === page(4))).toBe(true);
  Object.assign(session.mailbox.tokens, { owner: "the user made anew" });
  scene.pages.set(walk("inbox"), { status: 403, code: "ErrorAccessDenied" });
  await turns(host, 8, 2_000);
  await swept;
  expect(scene.of("queue:mailbox-changed")).toHaveLength(1);
  expect(handedOver(scene)).toEqual([]);
});
