/** What becomes of messages that alone cannot be read: reduced at last, never dropped, and never for a mailbox in trouble. */
import { expect, test } from "vitest";
import { MailError, type MailErrorCode } from "../../../src/base/errors.js";
import { createDoubts } from "../../../src/delivery/doubts.js";
import type { OpenEntry } from "../../../src/delivery/ledger-record.js";
import type { Reading } from "../../../src/mailbox/reader.js";
import { reducedItem, reductionOf } from "../../../src/mailbox/reduced.js";
import { createManualClock } from "../../support/manual-clock.js";
import { createScene, many, notFound, unreadable } from "./loader-scene.js";
import { item, queue } from "./set-up.js";

const minute = 60_000;
const failing = (code: MailErrorCode, serviceCode?: string): Reading => ({
  found: false,
  error: new MailError(code, "Not this one.", serviceCode === undefined ? {} : { serviceCode }),
});
const corrupt = failing("GRAPH_UNAVAILABLE", "ErrorItemCorrupt");
const noBody = { code: "ErrorItemCorrupt", missing: ["body", "preview", "headers"] } as const;
const reduced = (id: string) => ({ kind: "reduced", item: reducedItem(item(id), noBody) }) as const;
const nothing = { kind: "nothing", item: reducedItem({}, { code: "ErrorItemCorrupt", missing: ["body", "envelope"] }) } as const;

test("a message that Graph calls damaged is delivered reduced after a second try", async () => {
  const scene = await createScene(["a", "b"]);
  scene.answer = (id) => (id === "a" ? corrupt : scene.found(id));
  scene.look = reduced;
  scene.begin();
  await scene.clock.advance(100);
  expect(scene.looked).toEqual([]);
  expect(scene.room.takeLoaded(2).map(({ entry }) => entry.id)).toEqual(["b"]);
  await scene.clock.advance(2_000);
  expect(scene.reads).toEqual([["a", "b"], ["a"]]);
  expect(scene.looked).toEqual(["a"]);
  const [loaded] = scene.room.takeLoaded(1);
  expect(loaded?.entry.id).toBe("a");
  expect(reductionOf(loaded!.item)).toEqual(noBody);
  expect(scene.told).toEqual([{ name: "message:reduced", queue, id: "a", ...noBody }]);
});

test.each<MailErrorCode>(["GRAPH_REFUSED", "GRAPH_UNAVAILABLE", "GRAPH_FORBIDDEN", "GRAPH_BAD_RESPONSE"])(
  "a message with any other failure of its own (%s) is delivered reduced after several tries over five minutes",
  async (code) => {
    const scene = await createScene(["a"]);
    scene.answer = () => failing(code);
    scene.look = reduced;
    scene.begin();
    await scene.clock.advance(5 * minute);
    expect(scene.looked).toEqual([]);
    expect(scene.reads.length).toBeGreaterThanOrEqual(6);
    await scene.clock.advance(5 * minute);
    expect(scene.room.loadedCount).toBe(1);
  },
);

test.each<MailErrorCode>([
  "GRAPH_THROTTLED",
  "GRAPH_UNAUTHORIZED",
  "GRAPH_MAILBOX_UNAVAILABLE",
  "AUTH_SIGN_IN_REQUIRED",
  "GRAPH_UNREACHABLE",
])("what is said of the mailbox or the sign-in (%s) is never held against a message", async (code) => {
  const scene = await createScene(["a"]);
  scene.answer = () => failing(code);
  scene.look = reduced;
  scene.begin();
  await scene.clock.advance(120 * minute);
  expect(scene.looked).toEqual([]);
  scene.answer = scene.found;
  await scene.clock.advance(5 * minute);
  expect(scene.room.loadedCount).toBe(1);
});

test("a message waits on while its mailbox does not answer", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => corrupt;
  scene.begin();
  await scene.clock.advance(120 * minute);
  expect(scene.looked.length).toBeGreaterThan(10);
  expect(scene.room.loadedCount).toBe(0);
  scene.look = reduced;
  await scene.clock.advance(5 * minute);
  expect(scene.room.loadedCount).toBe(1);
});

test("a message that is whole at the look is delivered whole, and nothing is told", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => corrupt;
  scene.look = (id) => ({ kind: "whole", item: item(id) });
  scene.begin();
  await scene.clock.advance(5_000);
  const [loaded] = scene.room.takeLoaded(1);
  expect(reductionOf(loaded!.item)).toBeUndefined();
  expect(scene.told).toEqual([]);
});

test("that nothing at all can be had is believed after fifteen minutes, or at once where Graph calls it damaged", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => unreadable;
  scene.look = () => nothing;
  scene.begin();
  await scene.clock.advance(14 * minute);
  expect(scene.looked.length).toBeGreaterThan(0);
  expect(scene.room.loadedCount).toBe(0);
  await scene.clock.advance(6 * minute);
  expect(scene.room.loadedCount).toBe(1);

  const damaged = await createScene(["a"]);
  damaged.answer = () => corrupt;
  damaged.look = () => nothing;
  damaged.begin();
  await damaged.clock.advance(5_000);
  expect(damaged.room.loadedCount).toBe(1);
});

test("a reduced message that is asked for again is looked at at once, and told once", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => corrupt;
  scene.look = reduced;
  scene.begin();
  await scene.clock.advance(5_000);
  const [loaded] = scene.room.takeLoaded(1);
  scene.begin([loaded!.entry]);
  await scene.clock.advance(100);
  expect(scene.room.loadedCount).toBe(1);
  expect(scene.told.map(({ name }) => name)).toEqual(["message:reduced"]);
});

test("a message that is listed but never found is delivered with what the listing shows", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => notFound;
  scene.listing = (id) => ({ kind: "listed", item: item(id), missing: ["body", "preview", "headers"] });
  scene.begin();
  await scene.clock.advance(20 * minute);
  expect(scene.listed.length).toBeGreaterThan(0);
  expect(scene.room.loadedCount).toBe(0);
  await scene.clock.advance(20 * minute);
  expect(scene.listed).toHaveLength(4);
  expect(scene.gone).toEqual([]);
  expect(scene.told).toEqual([
    { name: "message:reduced", queue, id: "a", code: "GRAPH_NOT_FOUND", missing: ["body", "preview", "headers"] },
  ]);
  expect(reductionOf(scene.room.takeLoaded(1)[0]!.item)).toMatchObject({ code: "GRAPH_NOT_FOUND" });
});

test("messages that spoil every answer to their batch are asked about one by one, and come", async () => {
  const scene = await createScene(many(2));
  scene.answer = () => Promise.reject(new MailError("GRAPH_BAD_RESPONSE", "No JSON."));
  scene.look = reduced;
  scene.begin();
  await scene.clock.advance(30 * minute);
  expect(scene.room.loadedCount).toBe(2);
  expect(scene.looked.toSorted()).toEqual(["m0", "m1"]);
});

test("questions about one message keep no other waiting", async () => {
  const scene = await createScene(["a", "b"]);
  scene.answer = (id) => (id === "a" ? corrupt : scene.found(id));
  scene.look = () => new Promise(() => undefined);
  scene.begin();
  await scene.clock.advance(5_000);
  expect(scene.looked).toEqual(["a"]);
  const [b] = scene.room.takeLoaded(1);
  scene.begin([b!.entry]);
  await scene.clock.advance(100);
  expect(scene.room.loadedCount).toBe(1);
});

test("what others did is told and recorded before the message is delivered, and once", async () => {
  const scene = await createScene(["a"]);
  scene.folderIds.set("inbox", "F-inbox").set("deleteditems", "F-deleted");
  scene.answer = (id) => ({ found: true, item: { ...item(id), isRead: true, parentFolderId: "F-other" } });
  scene.begin();
  await scene.clock.advance(100);
  const about = { name: "message:changed-elsewhere", queue, id: "a", settled: false, action: "deliver" };
  expect(scene.told).toEqual([
    { ...about, change: "read" },
    { ...about, change: "moved" },
  ]);
  const [loaded] = scene.room.takeLoaded(1);
  expect(loaded?.entry).toMatchObject({ foreign: ["read", "moved"] });
  expect((await scene.open()).open.get("a")).toMatchObject({ foreign: ["read", "moved"] });
  scene.begin([loaded!.entry]);
  await scene.clock.advance(100);
  expect(scene.told).toHaveLength(2);
});

test("a message that the queue's rule skips is closed for good, and the next of its conversation comes", async () => {
  const scene = await createScene(["a", "b"], { conversationId: "c", ifChangedElsewhere: { read: "skip" } });
  scene.answer = (id) => ({ found: true, item: { ...item(id, { conversationId: "c" }), isRead: id === "a" } });
  scene.begin();
  await scene.clock.advance(100);
  expect(scene.told).toMatchObject([{ name: "message:changed-elsewhere", id: "a", change: "read", action: "skip" }]);
  expect(scene.closed).toEqual(["a"]);
  expect((await scene.ledger.look(["a"])).get("a")?.final).toMatchObject({ state: "skipped", foreign: ["read"] });
  expect(scene.room.takeLoaded(2).map(({ entry }) => entry.id)).toEqual(["b"]);
});

test("a message that was read when it was found is delivered without a word", async () => {
  const scene = await createScene(["a"], { isRead: true, ifChangedElsewhere: { read: "skip" } });
  scene.answer = (id) => ({ found: true, item: { ...item(id), isRead: true } });
  scene.begin();
  await scene.clock.advance(100);
  expect([scene.room.loadedCount, scene.told.length]).toEqual([1, 0]);
});

test("what another machine whose clock is ahead has noted holds nothing up", () => {
  const clock = createManualClock();
  const [now, day] = [clock.now(), 24 * 60 * minute];
  const vain = { tries: 5, forMs: 4 * minute, askedAt: now + day };
  const doubts = createDoubts({
    clock,
    lookAt: async () => ({ kind: "unknown" }),
    isListed: async () => ({ kind: "unknown" }),
    isOpen: () => true,
    kept: [{ id: "a", refused: vain, listed: 0, askAt: now + day }],
  });
  expect(doubts.askAt("a")).toBeLessThanOrEqual(now + 5 * minute);
  void doubts.judge({ id: "a" } as OpenEntry, new MailError("GRAPH_REFUSED", "Not this one."), new AbortController().signal);
  expect(doubts.kept).toMatchObject([{ refused: { tries: 6, forMs: 4 * minute, askedAt: now } }]);
});
