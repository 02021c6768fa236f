import { describe, expect, it } from "vitest";
import { isEmptyMark, type Mark } from "../../../src/mailbox/mark.js";
import { applyMarks } from "../../../src/mailbox/marker.js";
import { settle } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { setUp } from "../graph/set-up.js";

type Set = Awaited<ReturnType<typeof setUp>>;

/** The outcome of one mark for each message: `done`, `vanished`, or the error's code. */
async function mark(set: Set, ids: readonly string[], given: Mark): Promise<string[]> {
  const orders = ids.map((id) => ({ id, mark: given }));
  const results = await set.inTime(applyMarks(set.client, set.mailbox, orders));
  return results.map((result) => (result.done ? (result.vanished ? "vanished" : "done") : result.error.code));
}

/** The routes of the parts, batch by batch, each sorted. */
function steps({ sim }: Set): string[][] {
  const batches = sim.log.entries({ route: "batch" }).map(({ number }) => number);
  return batches.map((number) =>
    sim.log
      .entries()
      .filter(({ batch }) => batch === number)
      .map(({ route }) => route)
      .toSorted(),
  );
}

describe("a mark", () => {
  it.each<[Mark, boolean]>([
    [{}, true],
    [{ markRead: false, flag: false, delete: false, addCategories: [] }, true],
    [{ markRead: true }, false],
    [{ flag: true }, false],
    [{ delete: true }, false],
    [{ delete: "permanently" }, false],
    [{ moveTo: "archive" }, false],
    [{ createFolder: true }, true],
    [{ addCategories: ["VIP"] }, false],
  ])("%j is empty: %s", (given, empty) => {
    expect(isEmptyMark(given)).toBe(empty);
  });

  it("that is empty asks nothing of Graph", async () => {
    const set = await setUp();
    expect(await mark(set, [set.mail.deliver()], {})).toEqual(["done"]);
    expect(set.sent).toEqual([]);
  });

  it("of read and flag is one change of nothing else", async () => {
    const set = await setUp();
    const id = set.mail.deliver({ categories: ["Blue"] });
    expect(await mark(set, [id], { markRead: true, flag: true })).toEqual(["done"]);
    expect(set.mail.message(id)).toMatchObject({ isRead: true, flagged: true, categories: ["Blue"] });
    expect(steps(set)).toEqual([["patch"]]);
    expect(JSON.parse(set.sent[0]!.body).requests[0].body).toEqual({ isRead: true, flag: { flagStatus: "flagged" } });
  });

  it("of categories adds them and leaves the others", async () => {
    const set = await setUp();
    const ids = [set.mail.deliver({ categories: ["Blue", "VIP"] }), set.mail.deliver()];
    expect(await mark(set, ids, { addCategories: ["VIP", "Done", "Done"] })).toEqual(["done", "done"]);
    expect(ids.map((id) => set.mail.message(id)?.categories)).toEqual([
      ["Blue", "VIP", "Done"],
      ["VIP", "Done"],
    ]);
    expect(steps(set)).toEqual([
      ["message", "message"],
      ["patch", "patch"],
    ]);
  });

  it("of categories that are there already writes nothing", async () => {
    const set = await setUp();
    const id = set.mail.deliver({ categories: ["Done"] });
    expect(await mark(set, [id], { addCategories: ["Done"] })).toEqual(["done"]);
    expect(steps(set)).toEqual([["message"]]);
  });

  it("to move or to delete does so", async () => {
    const set = await setUp();
    const folder = set.mail.addFolder("Handled");
    const ids = set.mail.deliverMany([{}, {}, {}]);
    expect(await mark(set, [ids[0]!], { moveTo: "archive" })).toEqual(["done"]);
    expect(await mark(set, [ids[1]!], { moveTo: folder })).toEqual(["done"]);
    expect(await mark(set, [ids[2]!], { delete: true })).toEqual(["done"]);
    expect(ids.map((id) => set.mail.message(id)?.folder)).toEqual(["Archive", "Handled", "Deleted Items"]);
  });

  it("of everything changes first and moves then, each step in a batch of its own", async () => {
    const set = await setUp();
    const ids = set.mail.deliverMany([{ categories: ["Blue"] }, {}]);
    expect(await mark(set, ids, { markRead: true, flag: true, addCategories: ["Done"], moveTo: "archive" })).toEqual(["done", "done"]);
    expect(steps(set)).toEqual([
      ["message", "message"],
      ["patch", "patch"],
      ["move", "move"],
    ]);
    expect(set.mail.message(ids[0]!)).toMatchObject({ isRead: true, flagged: true, categories: ["Blue", "Done"], folder: "Archive" });
  });

  it("to delete for good does so, from wherever the message lies, after the changes", async () => {
    const set = await setUp();
    const ids = set.mail.deliverMany([{}, {}]) as [string, string];
    set.mail.move(ids[1], "deleteditems");
    expect(await mark(set, ids, { markRead: true, delete: "permanently" })).toEqual(["done", "done"]);
    expect([ids.map((id) => set.mail.message(id)), set.mail.purged()]).toEqual([[undefined, undefined], ids]);
    expect(steps(set)).toEqual([
      ["patch", "patch"],
      ["permanentDelete", "permanentDelete"],
    ]);
  });

  it("to move some and to delete others takes one batch for both", async () => {
    const set = await setUp();
    const ids = set.mail.deliverMany([{}, {}, {}]) as [string, string, string];
    const marks: Mark[] = [{ moveTo: "archive" }, { delete: "permanently" }, { delete: true }];
    const orders = ids.map((id, index) => ({ id, mark: marks[index]! }));
    const results = await set.inTime(applyMarks(set.client, set.mailbox, orders));
    expect(results.map(({ done }) => done)).toEqual([true, true, true]);
    expect(steps(set)).toEqual([["move", "move", "permanentDelete"]]);
    expect(ids.map((id) => set.mail.message(id)?.folder)).toEqual(["Archive", undefined, "Deleted Items"]);
  });

  it("of many messages takes a batch for twenty", async () => {
    const set = await setUp();
    const ids = set.mail.deliverMany(Array.from({ length: 21 }, () => ({})));
    expect(await mark(set, ids, { markRead: true })).toEqual(ids.map(() => "done"));
    expect(steps(set).map((parts) => parts.length)).toEqual([20, 1]);
    expect(ids.every((id) => set.mail.message(id)?.isRead)).toBe(true);
  });

  it("is given to each message by itself, and results come in the order of the orders", async () => {
    const set = await setUp();
    const [read, moved, gone, kept] = set.mail.deliverMany([{}, {}, {}, {}]) as [string, string, string, string];
    set.mail.remove(gone);
    const orders = [
      { id: moved, mark: { moveTo: "archive" } },
      { id: kept, mark: { moveTo: "no-such-folder" } },
      { id: gone, mark: { delete: true } },
      { id: read, mark: { markRead: true } },
    ];
    const results = await set.inTime(applyMarks(set.client, set.mailbox, orders));
    expect(results.map(({ done }) => done)).toEqual([true, false, true, true]);
    expect([set.mail.message(moved)?.folder, set.mail.message(kept)?.folder, set.mail.message(read)?.isRead]).toEqual([
      "Archive",
      "Inbox",
      true,
    ]);
  });

  it("finds a message that somebody moved meanwhile", async () => {
    const set = await setUp();
    const id = set.mail.deliver();
    set.mail.move(id, "archive");
    expect(await mark(set, [id], { markRead: true })).toEqual(["done"]);
    expect(set.mail.message(id)).toMatchObject({ isRead: true, folder: "Archive" });
  });
});

describe("a message that is not there", () => {
  it.each<[Mark]>([
    [{ markRead: true }],
    [{ flag: true }],
    [{ addCategories: ["Done"] }],
    [{ moveTo: "archive" }],
    [{ delete: true }],
    [{ markRead: true, addCategories: ["Done"], moveTo: "archive" }],
    [{ markRead: true, delete: true }],
    [{ delete: "permanently" }],
  ])("needs no mark, and is told as vanished: %j", async (given) => {
    const set = await setUp();
    const [gone, there] = set.mail.deliverMany([{}, {}]) as [string, string];
    set.mail.remove(gone);
    expect(await mark(set, [gone, there], given)).toEqual(["vanished", "done"]);
    expect(set.mail.message(gone)).toBeUndefined();
  });

  it("is not asked for again by the steps that would follow", async () => {
    const set = await setUp();
    const id = set.mail.deliver();
    set.mail.remove(id);
    await mark(set, [id], { markRead: true, addCategories: ["Done"], moveTo: "archive" });
    expect(steps(set)).toEqual([["message"]]);
  });
});

describe("a move that Graph does not find", () => {
  it("because of the message is told as vanished, after a look", async () => {
    const set = await setUp();
    const id = set.mail.deliver();
    set.mail.remove(id);
    expect(await mark(set, [id], { moveTo: "archive" })).toEqual(["vanished"]);
    expect(steps(set)).toEqual([["move"], ["folder", "message"]]);
  });

  it("because of the folder is not done, and says so", async () => {
    const set = await setUp();
    const id = set.mail.deliver();
    const strange = `${set.mail.addFolder("Handled").slice(0, -8)}AAAAAAA=`;
    const [result] = await set.inTime(applyMarks(set.client, set.mailbox, [{ id, mark: { moveTo: strange } }]));
    expect(result).toMatchObject({ done: false, error: { code: "SYNC_FOLDER_NOT_FOUND", message: expect.stringContaining(strange) } });
    expect(steps(set)).toEqual([["move"], ["folder", "message"]]);
  });

  it("because of a well-known folder that this mailbox does not have is not done, and says so", async () => {
    const set = await setUp();
    const [result] = await set.inTime(applyMarks(set.client, set.mailbox, [{ id: set.mail.deliver(), mark: { moveTo: "clutter" } }]));
    expect(result).toMatchObject({ done: false, error: { code: "SYNC_FOLDER_NOT_FOUND", message: expect.stringContaining('"clutter"') } });
  });

  it.each([404, 400, 500])("with %i, although it was made and only its answer lost, is done", async (status) => {
    const set = await setUp();
    const folder = set.mail.addFolder("Handled");
    const ids = set.mail.deliverMany([{}, {}]) as [string, string];
    set.mail.move(ids[0], folder);
    set.sim.faults.add({
      name: "already there",
      route: "move",
      messageId: ids[0],
      status,
      body: { error: { code: "ErrorMoveCopyFailed" } },
    });
    expect(await mark(set, ids, { moveTo: folder })).toEqual(["done", "done"]);
  });

  it("and that stands in another folder is not done", async () => {
    const set = await setUp();
    const id = set.mail.deliver();
    set.sim.faults.add({ name: "refused", route: "move", status: 400, body: { error: { code: "ErrorMoveCopyFailed" } } });
    expect(await mark(set, [id], { delete: true })).toEqual(["GRAPH_REFUSED"]);
  });

  it("and whose look fails is not done, with the look's own failure", async () => {
    const set = await setUp();
    const id = set.mail.deliver();
    set.sim.faults.add({ name: "no folder", route: "move", status: 404 });
    set.sim.faults.add({ name: "down", route: "message", status: 500 });
    expect(await mark(set, [id], { moveTo: "archive" })).toEqual(["GRAPH_UNAVAILABLE"]);
  });
});

describe("categories of others", () => {
  it("that come between our look and our change stay: the change is refused, and made anew the next time", async () => {
    const set = await setUp();
    const id = set.mail.deliver({ categories: ["Blue"] });
    const { fetch } = set.network;
    let batches = 0;
    set.network.fetch = (input, init) => {
      batches += 1;
      if (batches === 2) set.mail.update(id, { categories: ["Blue", "Theirs"] });
      return fetch(input, init);
    };
    expect(await mark(set, [id], { addCategories: ["Done"] })).toEqual(["GRAPH_CONFLICT"]);
    expect(batches).toBe(2);
    expect(set.mail.message(id)?.categories).toEqual(["Blue", "Theirs"]);
    expect(await mark(set, [id], { addCategories: ["Done"] })).toEqual(["done"]);
    expect(set.mail.message(id)?.categories).toEqual(["Blue", "Theirs", "Done"]);
  });

  it("that need no change leave the other changes free of their version, so that a conflict of Exchange's own passes", async () => {
    const set = await setUp();
    const id = set.mail.deliver({ categories: ["Done"] });
    set.sim.faults.add({ name: "conflict", route: "patch", count: 1, status: 412 });
    expect(await mark(set, [id], { markRead: true, addCategories: ["Done"] })).toEqual(["done"]);
    expect(steps(set)).toEqual([["message"], ["patch"], ["patch"]]);
  });

  it.each([
    ["no categories", { id: "x" }],
    ["categories that are no list", { id: "x", categories: null }],
    ["nothing", undefined],
    ["a text", "x"],
  ])("are not overwritten when the look brings %s", async (_, body) => {
    const set = await setUp();
    const id = set.mail.deliver({ categories: ["Blue"] });
    set.network.fetch = async () => new Response(JSON.stringify({ responses: [{ id: "0", status: 200, body }] }));
    expect(await mark(set, [id], { markRead: true, addCategories: ["Done"] })).toEqual(["GRAPH_BAD_RESPONSE"]);
    expect(set.sent).toHaveLength(1);
  });
});

describe("trouble", () => {
  it("with a conflict right after arrival passes: a change of our own properties is sent again", async () => {
    const set = await setUp();
    const id = set.mail.deliver();
    set.sim.faults.add({ name: "conflict", route: "patch", count: 2, status: 412 });
    expect(await mark(set, [id], { markRead: true, flag: true })).toEqual(["done"]);
    expect(steps(set)).toEqual([["patch"], ["patch"], ["patch"]]);
  });

  it("of one message keeps it from its later steps, and no other message", async () => {
    const set = await setUp();
    const ids = set.mail.deliverMany([{}, {}]);
    set.sim.faults.add({ name: "refused", route: "patch", messageId: ids[0]!, status: 400 });
    expect(await mark(set, ids, { markRead: true, moveTo: "archive" })).toEqual(["GRAPH_REFUSED", "done"]);
    expect(ids.map((id) => set.mail.message(id)?.folder)).toEqual(["Inbox", "Archive"]);
  });

  it("that loses the answer of a deletion for good leaves the message deleted once, and its repetition finds nothing", async () => {
    const set = await setUp();
    const id = set.mail.deliver();
    set.sim.faults.add({ name: "lost", route: "permanentDelete", count: 1, dropSocket: "after" });
    expect(await mark(set, [id], { delete: "permanently" })).toEqual(["vanished"]);
    expect(set.mail.purged()).toEqual([id]);
  });

  it.each<[Mark]>([[{ moveTo: "archive" }], [{ delete: true }], [{ markRead: true }], [{ addCategories: ["Done"] }]])(
    "that loses the answer of %j leads to the same when it is ordered again, and destroys nothing",
    async (given) => {
      const set = await setUp();
      const id = set.mail.deliver({ categories: ["Blue"] });
      set.sim.faults.add({ name: "lost", route: "batch", after: given.addCategories ? 1 : 0, count: 1, dropSocket: "after" });
      await mark(set, [id], given);
      expect(await mark(set, [id], given)).toEqual(["done"]);
      const { folder, isRead, categories } = set.mail.message(id)!;
      expect({ folder, isRead, categories }).toEqual({
        folder: given.moveTo ? "Archive" : given.delete ? "Deleted Items" : "Inbox",
        isRead: given.markRead ?? false,
        categories: ["Blue", ...(given.addCategories ?? [])],
      });
    },
  );

  it("with a whole batch is thrown, so that all is ordered again", async () => {
    const set = await setUp();
    const id = set.mail.deliver();
    set.sim.faults.add({ name: "down", route: "batch", status: 503 });
    const work = applyMarks(set.client, set.mailbox, [{ id, mark: { markRead: true } }]);
    expect((await rejected(set.inTime(work))).code).toBe("GRAPH_UNAVAILABLE");
  });

  it("ends by an abort with its reason", async () => {
    const set = await setUp();
    const id = set.mail.deliver();
    set.sim.faults.add({ name: "down", route: "patch", status: 500 });
    const controller = new AbortController();
    const work = applyMarks(set.client, set.mailbox, [{ id, mark: { markRead: true } }], { signal: controller.signal });
    await settle();
    controller.abort("stop");
    await expect(work).rejects.toBe("stop");
    expect(set.clock.pending()).toBe(0);
  });
});
