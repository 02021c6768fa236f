import { expect, test } from "vitest";
import { createCaller, type Item, immutable } from "./caller.js";

const delta = "/me/mailFolders/inbox/messages/delta";
const idsOf = (items: Item[]) => items.map((item) => item.id).sort();
const wishes = (count: number) => Array.from({ length: count }, () => ({}));

test("a first round gives every message of the folder, each page with one link only", async () => {
  const { ask, user } = await createCaller();
  const ids = user.mailbox.deliverMany(wishes(25));
  user.mailbox.deliver({}, "archive");
  const seen: Item[] = [];
  let link = delta;
  for (let page = 0; page < 3; page++) {
    const { body } = await ask(link, { prefer: immutable });
    expect(body.value).toHaveLength(page < 2 ? 10 : 5);
    expect("@odata.nextLink" in body).toBe(page < 2);
    expect("@odata.deltaLink" in body).toBe(page === 2);
    seen.push(...body.value);
    link = body["@odata.nextLink"];
  }
  expect(idsOf(seen)).toEqual([...ids].sort());
  expect(seen[0]).toMatchObject({ "@odata.type": "#microsoft.graph.message", "@odata.etag": expect.stringMatching(/^W\/"/) });
});

test("no order is given: not the order of arrival, nor its reverse", async () => {
  const { round, user } = await createCaller();
  const ids = user.mailbox.deliverMany(wishes(60));
  const seen = (await round()).items.map((item) => item.id);
  expect(seen).not.toEqual(ids);
  expect(seen).not.toEqual([...ids].reverse());
});

test("the newest come first when that is asked for", async () => {
  const { round, user } = await createCaller();
  const ids = user.mailbox.deliverMany([3, 1, 2].map((hours) => ({ receivedAt: hours * 3_600_000 })));
  expect((await round(`${delta}?$orderby=receivedDateTime desc`)).items.map((item) => item.id)).toEqual([ids[0], ids[2], ids[1]]);
});

test("a round without change is empty and ends at once", async () => {
  const { round, user } = await createCaller();
  user.mailbox.deliver();
  const first = await round();
  expect(await round(first.link)).toMatchObject({ items: [], pages: 1 });
});

test("later rounds give what arrived, what was moved in, what was removed and what was moved out", async () => {
  const { round, user } = await createCaller();
  const [staying, removed, movedOut] = user.mailbox.deliverMany(wishes(3));
  const movedIn = user.mailbox.deliver({}, "archive");
  const { link } = await round();
  const arrived = user.mailbox.deliver();
  user.mailbox.move(movedIn, "inbox");
  user.mailbox.remove(removed!);
  user.mailbox.move(movedOut!, "archive");
  const { items } = await round(link);
  const present = items.filter((item) => !item["@removed"]);
  expect(idsOf(present)).toEqual([arrived, movedIn].sort());
  expect(present.every((item) => item.subject !== undefined)).toBe(true);
  expect(
    items
      .filter((item) => item["@removed"]?.reason === "deleted")
      .map((item) => item.id)
      .sort(),
  ).toEqual([movedOut, removed].sort());
  expect(items.map((item) => item.id)).not.toContain(staying);
});

test("a client's own marks come back in the next round", async () => {
  const { ask, round, user } = await createCaller();
  const id = user.mailbox.deliver();
  const { link } = await round();
  await ask(`/me/messages/${id}`, { method: "PATCH", body: { isRead: true } });
  const echo = await round(link);
  expect(echo.items).toMatchObject([{ id, isRead: true }]);
  expect((await round(echo.link)).items).toEqual([]);
});

test("a changed item in a later round has the changed properties only", async () => {
  const { round, user } = await createCaller();
  const id = user.mailbox.deliver();
  const { link } = await round(`${delta}?$select=subject,isRead,categories,body`);
  user.mailbox.update(id, { isRead: true });
  const [item] = (await round(link)).items;
  expect(Object.keys(item!).sort()).toEqual(["@odata.etag", "@odata.type", "id", "isRead", "parentFolderId"]);
});

test("several changes of one item come as one, with all of their properties", async () => {
  const { round, user } = await createCaller();
  const id = user.mailbox.deliver();
  const { link } = await round(`${delta}?$select=isRead,categories,flag`);
  user.mailbox.update(id, { isRead: true });
  user.mailbox.update(id, { categories: ["A"] });
  expect((await round(link)).items).toEqual([
    {
      "@odata.type": "#microsoft.graph.message",
      "@odata.etag": expect.any(String),
      id,
      parentFolderId: expect.any(String),
      isRead: true,
      categories: ["A"],
    },
  ]);
});

test("with partial items off a changed item is whole", async () => {
  const { round, user } = await createCaller({ quirks: { emptyPages: false, replays: false, partialItems: false } });
  const id = user.mailbox.deliver({ subject: "Hello" });
  const { link } = await round(`${delta}?$select=subject,isRead`);
  user.mailbox.update(id, { isRead: true });
  expect((await round(link)).items).toMatchObject([{ id, subject: "Hello", isRead: true }]);
});

test("$select decides which changes count, and the token remembers it", async () => {
  const { round, user } = await createCaller();
  const id = user.mailbox.deliver({ subject: "Hello" });
  const first = await round(`${delta}?$select=subject,categories`);
  expect(Object.keys(first.items[0]!).sort()).toEqual(["@odata.etag", "@odata.type", "categories", "id", "subject"]);
  user.mailbox.update(id, { isRead: true });
  const second = await round(first.link);
  expect(second.items).toEqual([]);
  user.mailbox.update(id, { categories: ["A"] });
  expect((await round(second.link)).items).toMatchObject([{ id, categories: ["A"] }]);
});

test("a message that arrived and was changed before the next round is whole and comes once", async () => {
  const { round, user } = await createCaller();
  const { link } = await round();
  const id = user.mailbox.deliver({ subject: "Hello" });
  user.mailbox.update(id, { isRead: true });
  expect((await round(link)).items).toMatchObject([{ id, subject: "Hello", isRead: true }]);
});

test("what changes while a round is walked belongs to the next one, and is not lost", async () => {
  const { ask, round, user } = await createCaller();
  const ids = user.mailbox.deliverMany(wishes(4));
  const first = await ask(delta, { prefer: `${immutable}, odata.maxpagesize=2` });
  for (const id of ids) user.mailbox.update(id, { isRead: true });
  const rest = await round(first.body["@odata.nextLink"]);
  expect(idsOf([...first.body.value, ...rest.items])).toEqual([...ids].sort());
  expect(rest.items.every((item) => item.subject !== undefined)).toBe(true);
  expect(idsOf((await round(rest.link)).items)).toEqual([...ids].sort());
});

test("all spellings of the function and of the folder are one", async () => {
  const { ask, user } = await createCaller();
  user.mailbox.deliver();
  const { id } = (await ask("/me/mailFolders/inbox")).body;
  for (const spelling of ["delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()"]) {
    for (const folder of [`mailFolders/${encodeURIComponent(id)}`, `mailfolders('${id}')`, "mailFolders('Inbox')"]) {
      expect((await ask(`/users/${user.objectId}/${folder}/messages/${spelling}`)).body.value).toHaveLength(1);
    }
  }
});

test("delta without a folder is not supported", async () => {
  const { ask } = await createCaller();
  const reply = await ask("/me/messages/delta");
  expect(reply.status).toBe(400);
  expect(reply.body.error.message).toBe("Unsupported request: Change tracking is not supported against 'microsoft.graph.message'.");
});

test("default ids are used when immutable ones are not asked for, also for what was moved out", async () => {
  const { round, user } = await createCaller();
  const id = user.mailbox.deliver();
  const { defaultId } = user.mailbox.message(id)!;
  const first = await round(undefined, "odata.maxpagesize=10");
  expect(first.items[0]!.id).toBe(defaultId);
  user.mailbox.move(id, "archive");
  expect((await round(first.link, "odata.maxpagesize=10")).items).toMatchObject([{ id: defaultId, "@removed": { reason: "deleted" } }]);
});

test("changeType keeps later rounds to one kind of change, not the first", async () => {
  const { round, user } = await createCaller();
  const ids = user.mailbox.deliverMany(wishes(2));
  const { link, items } = await round(`${delta}?changeType=updated`);
  expect(items).toHaveLength(2);
  user.mailbox.deliver();
  user.mailbox.update(ids[0]!, { isRead: true });
  user.mailbox.remove(ids[1]!);
  expect((await round(link)).items.map((item) => item.id)).toEqual([ids[0]]);
});

test("tokens and links are as long as they are to be, and work", async () => {
  const { sim, token, round, ask, user } = await createCaller({ accessTokenCharacters: 2_000, deltaTokenCharacters: 760 });
  expect(token).toHaveLength(2_000);
  const { link } = await round();
  const query = new URL(link).searchParams;
  expect(query.get("$deltatoken") ?? query.get("$skiptoken")).toHaveLength(760);
  user.mailbox.deliver();
  expect((await round(link)).items).toHaveLength(1);
  expect((await ask(link.replace(/.{4}$/, "AAAA"))).status).toBe(400);
  expect(sim.log.entries().at(-1)).toMatchObject({ route: "delta", status: 400 });
});
