/** A sweep whose listing fails at the same message each time: it is finished without it, or given up and told. */
import { expect, test } from "vitest";
import { createSweeper } from "../../../src/schedule/sweep.js";
import { stepping } from "../../support/stepping.js";
import { beginTurn, createScene, type Page, type Scene, startAt, walk } from "./set-up.js";

const count = 60;
const spoiled = 40;
/** Newest first; the one at `spoiled` makes every page fail that would show it. */
const mails = Array.from({ length: count }, (_, index) => ({
  id: `m${index}`,
  receivedDateTime: new Date(startAt - index * 60_000).toISOString(),
  isRead: false,
  parentFolderId: "f",
}));

function listingPage(url: string) {
  const query = new URL(url).searchParams;
  const before = /lt (\S+)/.exec(query.get("$filter") ?? "")?.[1];
  const from = before === undefined ? 0 : mails.findIndex(({ receivedDateTime }) => receivedDateTime < new Date(before).toISOString());
  const size = Number(query.get("$top"));
  const skip = Number(query.get("$skip") ?? 0);
  const at = from + skip;
  if (at <= spoiled && spoiled < at + size) return { status: 500, code: "ErrorItemCorrupt" };
  const value = mails.slice(at, at + size);
  query.set("$skip", String(skip + size));
  return { value, ...(at + size < count ? { next: `me/mailFolders/inbox/messages?${query}` } : {}) } satisfies Page;
}

/** Answers the listing by what it asks for; everything else as the scene has it. */
function listed(scene: Scene): void {
  const { pages } = scene;
  const get = pages.get.bind(pages);
  pages.get = (name) => (name === "me/mailFolders/inbox/messages" ? listingPage(scene.requests.at(-1)!.url) : get(name));
}

test("one message that no listing can show does not keep a sweep going for ever without a word", async () => {
  const scene = await createScene();
  listed(scene);
  const { clock } = scene;
  scene.pages.set(walk("inbox"), { value: [], delta: "2" });
  scene.pages.set("2", { value: [], delta: "2" });
  scene.pages.set("me/mailFolders/inbox", { value: [], total: count });
  const session = await scene.open({ startFrom: "now" });
  session.begin();
  const sweeper = createSweeper({ settings: session.settings, clock });
  let ended: string | undefined;
  sweeper.demand().then(
    () => (ended = "resolved"),
    () => (ended = "rejected"),
  );
  let turns = 0;
  for (; turns < 100 && ended === undefined; turns += 1) {
    const work = beginTurn(scene, session, { sweepStep: (one) => sweeper.step(one) });
    await stepping(work, () => clock.advance(1_000)).catch(() => undefined);
    await clock.advance(2_000);
  }
  expect({ ended, turns, asked: scene.requests.length }).toMatchObject({ ended: expect.any(String) });
  expect(scene.of("queue:swept").length + scene.of("queue:sweep-failed").length).toBe(1);
});
