import { expect, test } from "vitest";
import { createCaller, immutable } from "./caller.js";

test("folders are listed ten to a page, top level only, and hidden ones when asked for", async () => {
  const { ask, user } = await createCaller();
  const parent = user.mailbox.addFolder("Cases");
  const child = user.mailbox.addFolder("Closed", "Cases");
  for (let number = 0; number < 4; number++) user.mailbox.addFolder(`Extra ${number}`);
  const first = await ask("/me/mailFolders");
  expect(first.body.value).toHaveLength(10);
  const second = await ask(first.body["@odata.nextLink"]);
  const names = [...first.body.value, ...second.body.value].map((folder: { displayName: string }) => folder.displayName);
  expect(names).toContain("Cases");
  expect(names).not.toContain("Closed");
  expect(names).not.toContain("Deletions");
  expect(second.body).not.toHaveProperty("@odata.nextLink");
  const children = await ask(`/me/mailFolders/${parent}/childFolders`);
  expect(children.body.value).toMatchObject([{ id: child, displayName: "Closed", parentFolderId: parent }]);
  expect(
    (await ask("/me/mailFolders?includeHiddenFolders=true&$top=100")).body.value.map(
      (folder: { displayName: string }) => folder.displayName,
    ),
  ).toContain("Deletions");
});

test("a folder is found by id and by well-known name in any case, and counts its messages", async () => {
  const { ask, user } = await createCaller();
  user.mailbox.deliverMany([{}, { isRead: true }, {}]);
  const inbox = (await ask("/me/mailFolders/INBOX")).body;
  expect(inbox).toMatchObject({ displayName: "Inbox", totalItemCount: 3, unreadItemCount: 2, childFolderCount: 0 });
  expect((await ask(`/me/mailFolders/${inbox.id}?$select=displayName`)).body.displayName).toBe("Inbox");
  expect((await ask(`/me/mailFolders/${inbox.id.toLowerCase()}`)).status).toBe(404);
  expect((await ask("/me/mailFolders/nowhere")).body.error.code).toBe("ErrorInvalidIdMalformed");
  expect((await ask("/me/mailFolders?$filter=displayName eq 'inbox'")).body.value).toHaveLength(1);
});

const hour = 3_600_000;
const start = Date.UTC(2026, 0, 5);

async function withMessages(count: number) {
  const caller = await createCaller();
  const ids = caller.user.mailbox.deliverMany(
    Array.from({ length: count }, (_, at) => ({ receivedAt: start + at * hour, isRead: at % 2 === 1 })),
  );
  const list = async (query: string) => (await caller.ask(`/me/mailFolders/inbox/messages?${query}`, { prefer: immutable })).body;
  const idsOf = async (query: string) => (await list(query)).value.map((item: { id: string }) => item.id);
  return { ...caller, ids, list, idsOf };
}

test("a list gives the newest first, ten by default, and leads on by an opaque link", async () => {
  const { ask, ids, list } = await withMessages(25);
  const seen: string[] = [];
  let page = await list("$select=subject");
  expect(page.value).toHaveLength(10);
  for (;;) {
    seen.push(...page.value.map((item: { id: string }) => item.id));
    if (!page["@odata.nextLink"]) break;
    expect(page["@odata.nextLink"]).toContain("$skiptoken=");
    page = (await ask(page["@odata.nextLink"], { prefer: immutable })).body;
  }
  expect(seen).toEqual([...ids].reverse());
});

test("a list can be ordered, filtered, counted and sized", async () => {
  const { ids, list, idsOf } = await withMessages(8);
  const at = (index: number) => new Date(start + index * hour).toISOString().replace(".000", "");
  expect(await idsOf("$orderby=receivedDateTime asc&$top=3")).toEqual(ids.slice(0, 3));
  expect(await idsOf("$orderby=receivedDateTime desc&$top=3&$skip=1")).toEqual([ids[6], ids[5], ids[4]]);
  expect(await idsOf(`$filter=receivedDateTime ge ${at(2)} and receivedDateTime lt ${at(5)}&$orderby=receivedDateTime`)).toEqual(
    ids.slice(2, 5),
  );
  expect(
    await idsOf(`$filter=receivedDateTime gt ${at(2)} and receivedDateTime le ${at(5)} and isRead eq true&$orderby=receivedDateTime`),
  ).toEqual([ids[3], ids[5]]);
  expect(await list("$filter=isRead eq false&$count=true&$top=1")).toMatchObject({ "@odata.count": 4 });
});

test("messages are found by their Message-ID, quotes and all", async () => {
  const { user, idsOf } = await withMessages(2);
  const id = user.mailbox.deliver({ internetMessageId: "<o'neill and sons@example.org>" });
  expect(await idsOf(`$filter=${encodeURIComponent("internetMessageId eq '<o''neill and sons@example.org>'")}`)).toEqual([id]);
});

test.each([
  ["too large a page", "$top=1001", "ErrorInvalidUrlQuery"],
  ["an unknown property in $select", "$select=shoeSize", "RequestBroker--ParseUri"],
  ["a filter that is not known", "$filter=subject eq 'x'", "ErrorInvalidUrlQuery"],
  ["an instant in quotes", "$filter=receivedDateTime ge '2026-01-01T00:00:00Z'", "ErrorInvalidUrlQuery"],
  ["an order that the filter does not begin with", "$filter=isRead eq true&$orderby=receivedDateTime", "InefficientFilter"],
])("a list refuses %s", async (_, query, code) => {
  const { list } = await withMessages(1);
  expect((await list(query)).error.code).toBe(code);
});

test("the whole mailbox is listed over all folders, and loses what is removed", async () => {
  const { ask, user } = await createCaller();
  const [one, two, three] = [user.mailbox.deliver(), user.mailbox.deliver({}, "Archive"), user.mailbox.deliver({}, "junkemail")];
  const all = async () => (await ask("/me/messages", { prefer: immutable })).body.value.map((item: { id: string }) => item.id).sort();
  expect(await all()).toEqual([one, two, three].sort());
  user.mailbox.remove(two!);
  user.mailbox.move(one!, "Archive");
  expect(await all()).toEqual([one, three].sort());
  expect(user.mailbox.messages("archive").map((message) => message.id)).toEqual([one]);
});

test("a message that leaves a folder and comes back is listed once", async () => {
  const { ids, user, idsOf } = await withMessages(3);
  user.mailbox.move(ids[1]!, "archive");
  user.mailbox.move(ids[1]!, "inbox");
  expect(await idsOf("$orderby=receivedDateTime")).toEqual(ids);
  expect((await idsOf("$top=2")).length).toBe(2);
});
