/** One turn: what of a folder's first walk is delivered, what later ones bring, and what survives a turn that ends early. */
import { expect, test } from "vitest";
import type { QueueOptions } from "../../../src/daemon/options.js";
import type { JsonObject } from "../../../src/graph/wire.js";
import { fullSelect } from "../../../src/mailbox/message.js";
import { away } from "../../support/troubled-store.js";
import { createScene, startAt, turnOf, walk } from "./set-up.js";

const day = 86_400_000;
const at = (time: number) => new Date(time).toISOString();
/** The server's clock at its first answer: ten minutes ahead of ours. */
const serverTime = startAt + 600_000;
const serverDate = new Date(serverTime).toUTCString();
const cursorKey = ["support@contoso.com", "cursor", "inbox"] as const;

const light = (id: string, receivedAt: number, isRead = false) => ({ id, receivedDateTime: at(receivedAt), isRead, parentFolderId: "f" });
/** All that the full select asks for. */
const full = (id: string, receivedAt = startAt - day): JsonObject => ({
  ...Object.fromEntries(
    fullSelect()
      .split(",")
      .map((name) => [name, null]),
  ),
  ...light(id, receivedAt),
  subject: `subject of ${id}`,
  body: { contentType: "html", content: "<p>" },
});

async function opened(options: Partial<QueueOptions> = {}) {
  const scene = await createScene();
  const session = await scene.open(options);
  session.begin();
  return Object.assign(scene, {
    session,
    turn: () => turnOf(scene, session),
    delivered: () => scene.deliveries.map(({ message }) => message.id),
    asked: () => scene.requests.filter(({ name }) => name !== "$batch").map(({ name }) => name),
    cursor: async () => (await scene.store.get(cursorKey))?.value,
  });
}

test("a turn walks each folder page by page to its delta link, and says what it found", async () => {
  const scene = await opened({ folders: ["inbox", "junkemail"], startFrom: "everything" });
  scene.pages.set(walk("inbox"), { value: [full("a"), full("b", startAt - 5_000)], next: "i2" });
  scene.pages.set("i2", { value: [], next: "i3" });
  scene.pages.set("i3", { value: [full("c")], delta: "i4" });
  scene.pages.set(walk("junkemail"), { value: [full("d")], delta: "j2" });
  expect(await scene.turn()).toMatchObject({ pages: 4, messages: 4, lagMs: expect.any(Number) });
  expect(scene.asked()).toEqual([walk("inbox"), "i2", "i3", walk("junkemail")]);
  expect(scene.delivered().toSorted()).toEqual(["a", "b", "c", "d"]);
  expect(scene.deliveries.find(({ message }) => message.id === "d")?.message.folder).toBe("junkemail");
  scene.pages.set("i4", { value: [], delta: "i5" });
  scene.pages.set("j2", { value: [full("e")], delta: "j3" });
  expect(await scene.turn()).toMatchObject({ pages: 2, messages: 1 });
  expect(scene.asked().slice(4)).toEqual(["i4", "j2"]);
});

test("the lag is that of the oldest new message; without one there is none", async () => {
  const scene = await opened({ startFrom: "everything" });
  scene.pages.set(walk("inbox"), { value: [full("a", startAt - 7_000), full("b", startAt - 9_000), full("c", startAt + day)], delta: "2" });
  const { lagMs } = await scene.turn();
  expect(lagMs).toBeGreaterThanOrEqual(9_000);
  expect(lagMs).toBeLessThan(12_000);
  scene.pages.set("2", { value: [full("d", startAt + day)], delta: "3" });
  expect((await scene.turn()).lagMs).toBe(0);
  scene.pages.set("3", { value: [], delta: "4" });
  expect(await scene.turn()).toEqual({ pages: 1, messages: 0 });
});

test("a queue keeps a dispatcher for what it has to deliver, and none once a turn finds all of it done", async () => {
  const scene = await opened({ startFrom: "everything", afterAck: {} });
  scene.pages.set(walk("inbox"), { value: [], delta: "2" });
  await scene.turn();
  expect(scene.dispatcherCount).toBe(0);
  scene.pages.set("2", { value: [full("a")], delta: "3" });
  scene.pages.set("3", { value: [], delta: "4" });
  scene.pages.set("4", { value: [], delta: "5" });
  await scene.turn();
  await scene.turn();
  expect(scene.dispatcherCount).toBe(1);
  const settled = scene.deliveries[0]!.ack();
  await scene.clock.advance(100);
  expect(await settled).toBe("settled");
  await scene.turn();
  expect([scene.dispatcherCount, scene.clock.pending()]).toEqual([0, 0]);
});

const old = serverTime - day;
const mailbox = [
  light("read long ago", old, true),
  light("unread long ago", old),
  light("read a week ago", serverTime - 7 * day, true),
  light("read just now", serverTime + 1_000, true),
  light("unread just now", serverTime),
  { id: "says nothing" },
  { id: "no date", isRead: true },
  { id: "no state", receivedDateTime: at(old) },
  { id: "read in words", receivedDateTime: at(old), isRead: "True" },
];
const always = ["read just now", "unread just now", "says nothing", "no date"];
test.each<[QueueOptions["startFrom"] & {}, readonly string[]]>([
  ["now", always],
  ["unread", [...always, "unread long ago", "no state"]],
  ["everything", mailbox.map(({ id }) => id)],
  [new Date(serverTime - 2 * day), [...always, "read long ago", "unread long ago", "no state", "read in words"]],
])("with startFrom %s the first walk delivers what was asked for, measured by the server's clock", async (startFrom, expected) => {
  const scene = await opened({ startFrom, maxInFlight: 100 });
  scene.pages.set(walk("inbox"), { value: mailbox, delta: "2", date: serverDate });
  await scene.turn();
  expect(scene.delivered().toSorted()).toEqual([...expected].toSorted());
  // Known from now on, delivered or not; an unknown one is delivered whatever its date.
  scene.pages.set("2", { value: mailbox, next: "3", date: serverDate });
  scene.pages.set("3", { value: [light("moved in", serverTime - 99 * day, true)], delta: "4", date: serverDate });
  expect(await scene.turn()).toMatchObject({ messages: 1 });
  expect(scene.delivered().at(-1)).toBe("moved in");
});

test("the bound of the first walk is that of its first answer, over later pages, a crash and a restart", async () => {
  const scene = await opened({ startFrom: "now" });
  scene.pages.set(walk("inbox"), { value: [light("before", serverTime - 1_000)], next: "2", date: serverDate });
  scene.pages.set("2", { status: 403, code: "ErrorAccessDenied" });
  await expect(scene.turn()).rejects.toMatchObject({ code: "GRAPH_FORBIDDEN" });
  expect(await scene.cursor()).toMatchObject({ link: { kind: "next" }, openedAt: serverTime, live: false });
  const session = await scene.open({ startFrom: "now" });
  session.begin();
  const later = new Date(serverTime + day).toUTCString();
  scene.pages.set("2", { value: [light("between", serverTime + 60_000), light("old", old)], delta: "3", date: later });
  await turnOf(scene, session);
  expect(scene.asked()).toEqual([walk("inbox"), "2", "2"]);
  expect(scene.delivered()).toEqual(["between"]);
  expect(await scene.cursor()).toMatchObject({ link: { kind: "delta" }, openedAt: serverTime, live: true });
});

test("without the server's clock ours bounds the first walk", async () => {
  const scene = await opened({ startFrom: "now" });
  scene.pages.set(walk("inbox"), { value: [light("before", startAt - 1), light("after", startAt + 60_000)], delta: "2" });
  await scene.turn();
  expect(scene.delivered()).toEqual(["after"]);
});

test("a page and its cursor are one commit, and only what is recorded is handed on", async () => {
  const scene = await opened({ startFrom: "everything" });
  scene.pages.set(walk("inbox"), { value: [full("a")], next: "2" });
  scene.pages.set("2", { value: [full("b")], delta: "3" });
  let pages = 0;
  scene.store.refuse = ({ puts }) => {
    if (!puts?.some(({ key }) => key[1] === "cursor")) return undefined;
    pages += 1;
    return pages === 2 ? away() : undefined;
  };
  await expect(scene.turn()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(scene.delivered()).not.toContain("b");
  expect(await scene.cursor()).toMatchObject({ link: { kind: "next", url: expect.stringMatching(/\/2$/) } });
  expect([...scene.session.ledger.open.keys()]).toEqual(["a"]);
  await scene.turn();
  expect(scene.asked()).toEqual([walk("inbox"), "2", "2"]);
  expect(scene.delivered().toSorted()).toEqual(["a", "b"]);
});

test("a lost cursor is told, and the walk begins again: known mail is known, unknown mail is delivered", async () => {
  const scene = await opened({ startFrom: "unread" });
  scene.pages.set(walk("inbox"), { value: [light("a", old), light("baseline", old, true)], delta: "2", date: serverDate });
  await scene.turn();
  scene.pages.set("2", { status: 410, code: "SyncStateNotFound" });
  scene.pages.set(walk("inbox"), { value: [light("a", old), light("baseline", old, true), light("gap", old, true)], delta: "3" });
  expect(await scene.turn()).toMatchObject({ pages: 1, messages: 1 });
  expect(scene.of("queue:cursor-lost")).toMatchObject([
    { folder: "inbox", code: "SYNC_CURSOR_LOST", serviceCode: "SyncStateNotFound", from: serverTime, to: expect.any(Number) },
  ]);
  expect(scene.delivered()).toEqual(["a", "gap"]);
  expect(await scene.cursor()).toMatchObject({ openedAt: serverTime, live: true });
});

test("a cursor lost in the middle of the first walk keeps the first walk's bounds", async () => {
  const scene = await opened({ startFrom: "now" });
  scene.pages.set(walk("inbox"), { value: [light("before", old)], next: "2", date: serverDate });
  scene.pages.set("2", { status: 410, code: "SyncStateNotFound" });
  const folder = "me/mailFolders/inbox";
  scene.pages.set(folder, { value: [], total: 2, date: new Date(serverTime + day).toUTCString() });
  scene.pages.set(`${folder}/messages`, { value: [light("new", serverTime + 1), light("old", old)] });
  // The walk over again goes the same way and is lost as well: the folder is listed, with the bounds of its first walk.
  await scene.turn();
  expect(scene.asked()).toEqual([walk("inbox"), "2", walk("inbox"), "2", folder, `${folder}/messages`]);
  expect(scene.of("queue:cursor-lost").length).toBe(1);
  expect(scene.delivered()).toEqual(["new"]);
});

test("a folder of which Graph cannot make a page even of one message is listed, and its mail delivered", async () => {
  const scene = await opened({ startFrom: "everything", pageSize: 1 });
  scene.pages.set(walk("inbox"), { status: 500, code: "ErrorItemCorrupt" });
  const folder = "me/mailFolders/inbox";
  scene.pages.set(folder, { value: [], total: 1, date: serverDate });
  scene.pages.set(`${folder}/messages`, { value: [light("a", old)] });
  await expect(scene.turn()).resolves.toMatchObject({ messages: 1 });
  expect(scene.delivered()).toEqual(["a"]);
  expect(scene.of("queue:mode-changed")).toMatchObject([{ mode: "listing", code: "ErrorItemCorrupt" }]);
});

test("that a cursor was lost is recorded before the new walk begins", async () => {
  const scene = await opened({ startFrom: "unread" });
  scene.pages.set(walk("inbox"), { value: [], delta: "2", date: serverDate });
  await scene.turn();
  scene.pages.set("2", { status: 410, code: "SyncStateNotFound" });
  scene.pages.set(walk("inbox"), { status: 403, code: "ErrorAccessDenied" });
  await expect(scene.turn()).rejects.toMatchObject({ code: "GRAPH_FORBIDDEN" });
  expect(await scene.cursor()).toEqual({
    select: "light",
    openedAt: serverTime,
    live: true,
    roundAt: serverTime,
    repeat: true,
    repeatedAt: expect.any(Number),
  });
});

test("the full select brings content with the pages, the light one fetches it in batches; a cursor keeps its select", async () => {
  const everything = await opened({ startFrom: "everything" });
  everything.pages.set(walk("inbox"), { value: [full("a")], delta: "2" });
  await everything.turn();
  expect(everything.requests.map(({ name }) => name)).toEqual([walk("inbox")]);
  expect(everything.requests[0]?.url).toContain("internetMessageHeaders");
  expect(everything.deliveries[0]?.message.subject).toBe("subject of a");

  const unread = await opened({ startFrom: "unread", content: { body: "text" } });
  unread.pages.set(walk("inbox"), {
    value: Array.from({ length: 25 }, (_, index) => light(`m${index}`, old)),
    delta: "2",
    date: serverDate,
  });
  await unread.turn();
  expect(unread.requests[0]?.url).toMatch(/\$select=id,receivedDateTime,isRead,parentFolderId,internetMessageId$/);
  expect(unread.requests.map(({ name }) => name)).toEqual([walk("inbox"), "$batch", "$batch"]);
  // Configured otherwise at a restart: the cursor's pages stay light, so their content is still fetched.
  const session = await unread.open({ startFrom: "everything" });
  session.begin();
  unread.pages.set("2", { value: [light("later", old)], delta: "3" });
  const before = unread.requests.length;
  await turnOf(unread, session);
  expect(unread.requests.slice(before).map(({ name }) => name)).toContain("2");
  expect(unread.requests.slice(before).map(({ name }) => name)).toContain("$batch");
});

test("an item that comes partial on a full page is fetched by id; one that left the folder is none", async () => {
  const scene = await opened({ startFrom: "everything" });
  scene.message = (id) => ({ ...full(id), ...(id === "left" ? { parentFolderId: "elsewhere" } : {}) });
  const { body: _, ...withoutBody } = full("partial");
  scene.pages.set(walk("inbox"), { value: [full("whole"), withoutBody, { id: "left", "@removed": { reason: "deleted" } }], delta: "2" });
  expect(await scene.turn()).toMatchObject({ messages: 2 });
  expect(scene.deliveries.map(({ message }) => [message.id, message.body?.content])).toEqual([
    ["whole", "<p>"],
    ["partial", "<p>"],
  ]);
});

test("a stored cursor that cannot be read ends the turn with its key, and asks Graph nothing", async () => {
  const scene = await opened();
  await scene.store.commit({ puts: [{ key: cursorKey, value: { link: "2" } }] });
  await expect(scene.turn()).rejects.toMatchObject({ code: "STORE_RECORD_INVALID", message: expect.stringContaining("cursor/inbox") });
  expect(scene.requests).toEqual([]);
});

test("a turn that is cut off between pages keeps what it recorded", async () => {
  const scene = await opened({ startFrom: "everything" });
  const ended = new AbortController();
  const reason = new Error("stopped");
  scene.pages.set(walk("inbox"), { value: [full("a")], next: "2" });
  scene.store.refuse = ({ puts }) => {
    if (puts?.some(({ key }) => key[1] === "cursor")) ended.abort(reason);
    return undefined;
  };
  await expect(turnOf(scene, scene.session, ended.signal)).rejects.toBe(reason);
  expect([...scene.session.ledger.open.keys()]).toEqual(["a"]);
});

test("a turn of a queue that another process has taken records nothing", async () => {
  const scene = await opened({ startFrom: "everything" });
  scene.pages.set(walk("inbox"), { value: [full("a")], delta: "2" });
  await scene.open();
  await expect(scene.turn()).rejects.toMatchObject({ code: "LIFECYCLE_LOST_QUEUE" });
  expect([scene.delivered(), await scene.cursor()]).toEqual([[], undefined]);
});
