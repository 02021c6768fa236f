/** Folders by well-known name, path and id, with or without what lies below them, over days in which people change them. */
import { expect, test } from "vitest";
import { createFolderScene } from "../faults/fixtures/folder-scene.js";

const minute = 60_000;

test.each([
  ["en", "Inbox", "inbox/Beschwerden"],
  ["de", "Posteingang", "inbox/Beschwerden"],
  ["de", "Posteingang", "Posteingang/Beschwerden"],
  ["ja", "受信トレイ", "受信トレイ/beschwerden"],
] as const)("in a mailbox in %s whose inbox is called %s, the path %s names its folder", async (language, inbox, path) => {
  const scene = await createFolderScene({ language });
  const { mailbox } = scene;
  const folder = mailbox.addFolder("Beschwerden", "inbox");
  mailbox.addFolder("Beschwerden");
  const ids = [mailbox.deliver({}, folder)];
  mailbox.deliver({}, inbox);
  const { round } = await scene.start([path]);
  await round();
  ids.push(mailbox.deliver({}, folder));
  await round();
  expect(scene.handed).toEqual(ids.map((id) => ({ id, folder: path })));
});

test.each([
  ["Fälle 50% / 'alt' ", "inbox/Fälle 50%25 %2F 'alt' "],
  ["%41", "inbox/%2541"],
  ["受信", "inbox/受信"],
])("a folder called %j is named %j", async (name, path) => {
  const scene = await createFolderScene();
  const folder = scene.mailbox.addFolder(name, "inbox");
  const id = scene.mailbox.deliver({}, folder);
  const { round } = await scene.start([path]);
  await round();
  expect(scene.handed).toEqual([{ id, folder: path }]);
});

test("a top-level folder that is called like a well-known one is named with an escape", async () => {
  const scene = await createFolderScene({ language: "de" });
  const { mailbox } = scene;
  const id = mailbox.deliver({}, mailbox.addFolder("archive"));
  const other = mailbox.deliver({}, "archive");
  const { round } = await scene.start(["%61rchive", "archive"]);
  await round();
  expect(scene.handed).toEqual([
    { id, folder: "%61rchive" },
    { id: other, folder: "archive" },
  ]);
});

test("a path that is not there names what is, keeps no other folder from its mail, and is found once it is there", async () => {
  const scene = await createFolderScene();
  const { mailbox, failed } = scene;
  for (let number = 1; number <= 40; number += 1) mailbox.addFolder(`Case ${String(number).padStart(2, "0")}`, "inbox");
  mailbox.addSearchFolder("Complaints", "inbox");
  const inInbox = mailbox.deliver();
  const { daemon, round } = await scene.start(["inbox", "inbox/Complaints"]);
  await expect(scene.done(daemon.pollNow("support@contoso.com"))).rejects.toMatchObject({ code: "SYNC_FOLDER_NOT_FOUND" });
  expect(scene.handed).toEqual([{ id: inInbox, folder: "inbox" }]);
  expect(failed[0]).toMatchObject({ folder: "inbox/Complaints", code: "SYNC_FOLDER_NOT_FOUND", who: "developer" });
  expect(failed[0]?.reason).toContain('"Case 01", "Case 02"');
  expect(failed[0]?.reason).toContain("and 10 more");
  expect(failed[0]?.reason).not.toContain("Case 31");
  mailbox.renameFolder("Complaints", "A search");
  const id = mailbox.deliver({ receivedAt: 0 }, mailbox.addFolder("complaints", "inbox"));
  await round();
  expect(scene.handed.at(-1)).toEqual({ id, folder: "inbox/Complaints" });
});

test("a folder below another is told by its path; what is there at first is governed by startFrom, what appears later is all new", async () => {
  const scene = await createFolderScene();
  const { mailbox } = scene;
  const old = { receivedAt: Date.parse("2020-01-01T00:00:00Z"), isRead: true };
  const [a, b] = [mailbox.addFolder("A", "inbox"), mailbox.addFolder("B/C")];
  const deep = mailbox.addFolder("Deep", a);
  for (const folder of [a, b, deep]) mailbox.deliver(old, folder);
  const { round } = await scene.start([{ folder: "inbox", subtree: true }], { startFrom: "now" });
  await round();
  expect(scene.handed).toEqual([]);
  const [inDeep, inInbox] = [mailbox.deliver({}, deep), mailbox.deliver()];
  mailbox.moveFolder(b, deep);
  const inB = mailbox.messages(b).map(({ id }) => id);
  await round();
  expect(scene.handed.toSorted((x, y) => x.folder.localeCompare(y.folder))).toEqual([
    { id: inInbox, folder: "inbox" },
    { id: inDeep, folder: "inbox/A/Deep" },
    { id: inB[0], folder: "inbox/A/Deep/B%2FC" },
  ]);
  expect(scene.changes).toEqual([{ folder: "inbox/A/Deep/B%2FC", change: "appeared" }]);
});

test("a folder that two entries name is watched once, and that is told once", async () => {
  const scene = await createFolderScene();
  const { mailbox } = scene;
  const cases = mailbox.addFolder("Cases", "inbox");
  const ids = [mailbox.deliver(), mailbox.deliver({}, cases)];
  const inbox = mailbox.messages("inbox")[0]?.folderId as string;
  const { round } = await scene.start([{ folder: "Inbox", subtree: true }, inbox, "inbox/cases"]);
  await round();
  scene.sim.log.clear();
  await round();
  expect(scene.handed.toSorted((x, y) => y.folder.localeCompare(x.folder))).toEqual([
    { id: ids[1], folder: "inbox/cases" },
    { id: ids[0], folder: inbox },
  ]);
  expect(scene.sim.log.count({ route: "delta" })).toBe(2);
  expect(scene.changes).toEqual([
    { folder: "Inbox", change: "repeated", as: inbox },
    { folder: "Inbox/Cases", change: "repeated", as: "inbox/cases" },
  ]);
});

test("a tree is looked at every five minutes and on demand; a queue without one asks for no folder at all", async () => {
  const scene = await createFolderScene();
  const { mailbox, sim } = scene;
  for (const name of ["A", "B", "C"]) mailbox.addFolder(name, mailbox.addFolder(`${name}0`, "inbox"));
  const often = { pollIntervalMs: minute, minPollIntervalMs: minute };
  const tree = await scene.start([{ folder: "inbox", subtree: true }], often);
  await tree.round();
  sim.log.clear();
  await scene.pass(30 * minute);
  const listings = sim.log.count({ route: "folders" });
  // Four requests: the inbox, and each folder that has others below it.
  expect(listings).toBeGreaterThanOrEqual(4 * 5);
  expect(listings).toBeLessThanOrEqual(4 * 7);
  await tree.stop();
  const plain = await scene.start(["inbox"], often);
  await plain.round();
  sim.log.clear();
  await scene.pass(30 * minute);
  await plain.round();
  expect(sim.log.count({ route: "folders" }) + sim.log.count({ route: "folder" })).toBe(0);
  expect(sim.log.count({ route: "delta" })).toBeGreaterThan(20);
});

test("a time of day that is set back keeps no look at a tree waiting", async () => {
  const scene = await createFolderScene();
  const { mailbox, sim, clock } = scene;
  const { round } = await scene.start([{ folder: "inbox", subtree: true }], { pollIntervalMs: minute, minPollIntervalMs: minute });
  await round();
  const id = mailbox.deliver({}, mailbox.addFolder("New", "inbox"));
  clock.set(-12 * 60 * minute);
  sim.log.clear();
  await scene.pass(8 * minute);
  expect(scene.handed).toEqual([{ id, folder: "inbox/New" }]);
});

test("neither Deleted Items nor search folders belong to the tree of the whole mailbox", async () => {
  const scene = await createFolderScene();
  const { mailbox } = scene;
  mailbox.addSearchFolder("Weekly");
  mailbox.deliver({}, mailbox.addFolder("Old", "deleteditems"));
  mailbox.deliver({}, "deleteditems");
  const [a, b] = [mailbox.deliver({}, "archive"), mailbox.deliver({}, mailbox.addFolder("New"))];
  const { round } = await scene.start([{ folder: "msgfolderroot", subtree: true }]);
  await round();
  expect(new Set(scene.handed.map(({ id }) => id))).toEqual(new Set([a, b]));
  expect(scene.handed.map(({ folder }) => folder).toSorted()).toEqual(["msgfolderroot/Archive", "msgfolderroot/New"]);
});

test("after a restart a message is told by the name of its folder also while Graph does not list any", async () => {
  const scene = await createFolderScene();
  const { mailbox } = scene;
  const folder = mailbox.addFolder("Cases", "inbox");
  const first = await scene.start([{ folder: "inbox", subtree: true }]);
  await first.round();
  const id = mailbox.deliver({}, folder);
  await first.round();
  await first.stop();
  expect(scene.handed).toEqual([{ id, folder: "inbox/Cases" }]);
  scene.sim.faults.add({ name: "away", route: "folders", status: 503 });
  const second = await scene.start([{ folder: "inbox", subtree: true }]);
  expect(await scene.done(second.daemon.explain("support@contoso.com", id))).toMatchObject({ folder: "inbox/Cases", state: "settled" });
});

test("a folder that comes back into a tree goes on where it was, without a walk over again", async () => {
  const scene = await createFolderScene();
  const { mailbox, sim } = scene;
  const folder = mailbox.addFolder("Cases", "inbox");
  const { round } = await scene.start([{ folder: "inbox", subtree: true }]);
  await round();
  mailbox.moveFolder(folder);
  await round();
  const id = mailbox.deliver({}, folder);
  mailbox.moveFolder(folder, "inbox");
  sim.log.clear();
  await round();
  expect(scene.handed).toEqual([{ id, folder: "inbox/Cases" }]);
  expect(sim.log.entries({ route: "delta" }).map(({ walk }) => walk)).toEqual(["delta", "delta"]);
});

test("a sweep covers what is watched by path and below a folder, and says by which name it found what", async () => {
  const scene = await createFolderScene();
  const { mailbox } = scene;
  const [byPath, below] = [mailbox.addFolder("Cases"), mailbox.addFolder("New", "archive")];
  const { daemon, round } = await scene.start(["cases", { folder: "archive", subtree: true }], { minPollIntervalMs: 100 });
  const found: string[] = [];
  daemon.on("message:found-by-sweep", ({ folder }) => void found.push(folder));
  await round();
  const hidden = [mailbox.deliverUnseen({}, byPath), mailbox.deliverUnseen({}, below)];
  expect(await scene.done(daemon.sweep("support@contoso.com"))).toMatchObject({ listed: 2, found: 2 });
  await scene.pass(1_000);
  expect(found).toEqual(["cases", "archive/New"]);
  expect(scene.handed.map(({ id }) => id).toSorted()).toEqual(hidden.toSorted());
});

test("a sweep proves nothing of a path that is not there: it counts as not listed", async () => {
  const scene = await createFolderScene();
  const { daemon } = await scene.start(["inbox", "inbox/Cases"], { minPollIntervalMs: 100 });
  const swept: number[] = [];
  daemon.on("queue:swept", ({ unlisted }) => void swept.push(unlisted));
  await scene.done(daemon.sweep("support@contoso.com"));
  expect(swept).toEqual([1]);
});

test("mail that moves from one watched folder to another before its delivery is no mail that was moved away", async () => {
  const scene = await createFolderScene();
  const { mailbox } = scene;
  const cases = mailbox.addFolder("Cases", "inbox");
  const other = mailbox.addFolder("Other");
  const options = { ifChangedElsewhere: { moved: "skip" as const }, startFrom: "now" as const, maxInFlight: 1 };
  const { daemon, round } = await scene.start([{ folder: "inbox", subtree: true }, "archive"], options);
  const told: unknown[] = [];
  daemon.on("message:changed-elsewhere", ({ id, change }) => void told.push([id, change]));
  await round();
  const [toCases, toArchive, away] = [mailbox.deliver(), mailbox.deliver(), mailbox.deliver()];
  // Before any of them is read by its id.
  scene.sim.faults.add({ name: "late", route: "batch", status: 503, count: 3 });
  await scene.done(daemon.pollNow("support@contoso.com"));
  mailbox.move(toCases, cases);
  mailbox.move(toArchive, "archive");
  mailbox.move(away, other);
  await scene.pass(10 * minute);
  expect(scene.handed.map(({ id }) => id).toSorted()).toEqual([toCases, toArchive].toSorted());
  expect(told).toEqual([[away, "moved"]]);
});

test("another mailbox behind the address has its own folders: they are found anew, and what was restored does not come again", async () => {
  const scene = await createFolderScene();
  const { mailbox, sim } = scene;
  const folders = ["cases", { folder: "inbox", subtree: true }];
  const ids = [mailbox.deliver({}, mailbox.addFolder("Cases")), mailbox.deliver({}, mailbox.addFolder("Below", "inbox"))];
  const { daemon, round } = await scene.start(folders);
  await round();
  expect(scene.handed.map(({ id }) => id)).toEqual(ids);
  sim.user("support@contoso.com").recreateMailbox({ keep: () => true });
  const signIn = { method: "refreshToken", refreshToken: sim.user("support@contoso.com").issueRefreshToken() } as const;
  await scene.done(daemon.signIn("support@contoso.com", signIn));
  await round();
  expect(scene.handed.map(({ id }) => id)).toEqual(ids);
  const fresh = [mailbox.deliver({}, "Cases"), mailbox.deliver({}, "Below")];
  await round();
  expect(scene.handed.slice(2)).toEqual([
    { id: fresh[0], folder: "cases" },
    { id: fresh[1], folder: "inbox/Below" },
  ]);
  expect(scene.failed.filter(({ code }) => code === "SYNC_FOLDER_NOT_FOUND")).toEqual([]);
});

test("the error of an id that is not there names the folders at the top", async () => {
  const scene = await createFolderScene();
  const id = `AQMkADk5${"x".repeat(100)}AAA=`;
  const { round } = await scene.start([id, "junkemail"]);
  await round().catch(() => undefined);
  expect(scene.failed[0]).toMatchObject({ code: "SYNC_FOLDER_NOT_FOUND", folder: id, who: "developer" });
  expect(scene.failed[0]?.reason).toMatch(/at the top there is "Archive", "Conversation History", .*"Sent Items"\.$/);
});

test("a mailbox that is away for a while takes no folder of a tree along, and brings no old mail as new", async () => {
  const scene = await createFolderScene();
  const { mailbox, sim } = scene;
  const folder = mailbox.addFolder("Cases", "inbox");
  const old = [mailbox.deliver({ isRead: true }, folder), mailbox.deliver({ isRead: true })];
  // The tree is found, and no page of it is had before the mailbox is away.
  const noPage = sim.faults.add({ name: "busy", route: "delta", status: 503 });
  const { round } = await scene.start([{ folder: "inbox", subtree: true }, "inbox/none"], { startFrom: "now" });
  await scene.pass(10_000);
  noPage();
  const back = sim.faults.add({ name: "away", route: ["delta", "folder", "folders", "messages"], graphCode: "ErrorItemNotFound" });
  for (let time = 1; time <= 3; time += 1) await round().catch(() => undefined);
  back();
  for (let time = 1; time <= 3; time += 1) await round().catch(() => undefined);
  const id = mailbox.deliver({}, folder);
  await round().catch(() => undefined);
  expect(scene.handed).toEqual([{ id, folder: "inbox/Cases" }]);
  expect(old).not.toContain(id);
  expect(scene.changes).toEqual([]);
});
