import { expect, test } from "vitest";
import { type Caller, createCaller, immutable, noChance } from "./caller.js";

const delta = "/me/mailFolders/inbox/messages/delta";

async function awayAndBack({ user }: Caller, id: string) {
  user.mailbox.move(id, "archive");
  user.mailbox.move(id, "inbox");
}

test("with immutable ids, a message moved away and back within one window is shown as removed only, until it changes", async () => {
  const caller = await createCaller();
  const id = caller.user.mailbox.deliver();
  const { link } = await caller.round();
  await awayAndBack(caller, id);
  const trap = await caller.round(link);
  expect(trap.items).toMatchObject([{ id, "@removed": { reason: "deleted" } }]);
  expect((await caller.round(trap.link)).items).toEqual([]);
  caller.user.mailbox.update(id, { isRead: true });
  expect((await caller.round(trap.link)).items).toMatchObject([{ id, isRead: true }]);
  expect((await caller.ask(`/me/messages/${id}`)).status).toBe(200);
});

test("with the trap off it is shown as present", async () => {
  const caller = await createCaller({ quirks: { ...noChance, moveAwayAndBackHidden: false } });
  const id = caller.user.mailbox.deliver({ subject: "Hello" });
  const { link } = await caller.round();
  await awayAndBack(caller, id);
  expect((await caller.round(link)).items).toMatchObject([{ id, subject: "Hello" }]);
});

test("with default ids the return is a new id beside the removed old one", async () => {
  const caller = await createCaller();
  const id = caller.user.mailbox.deliver();
  const old = caller.user.mailbox.message(id)!.defaultId;
  const { link } = await caller.round(delta, "odata.maxpagesize=10");
  await awayAndBack(caller, id);
  const { items } = await caller.round(link, "odata.maxpagesize=10");
  const now = caller.user.mailbox.message(id)!.defaultId;
  expect(items.map((item) => [item.id, item["@removed"] !== undefined]).sort()).toEqual(
    [
      [old, true],
      [now, false],
    ].sort(),
  );
});

test("moved away in one window and back in the next is shown both times", async () => {
  const { round, user } = await createCaller();
  const id = user.mailbox.deliver();
  const first = await round();
  user.mailbox.move(id, "archive");
  const second = await round(first.link);
  expect(second.items).toMatchObject([{ id, "@removed": {} }]);
  user.mailbox.move(id, "inbox");
  expect((await round(second.link)).items).toMatchObject([{ id, subject: expect.any(String) }]);
});

test("$top cuts the whole first round silently, and what is older never comes", async () => {
  const { round, user } = await createCaller();
  user.mailbox.deliverMany(Array.from({ length: 30 }, () => ({})));
  const first = await round(`${delta}?$top=12`, immutable);
  expect(first.items).toHaveLength(12);
  expect(first.pages).toBe(2);
  expect((await round(first.link)).items).toEqual([]);
});

test("$filter by received time gives 5,000 messages at most, and lets removals through later", async () => {
  const { round, user } = await createCaller();
  const old = user.mailbox.deliver({ receivedAt: 0 });
  user.mailbox.deliverMany(Array.from({ length: 5010 }, () => ({})));
  const first = await round(`${delta}?$select=id&$filter=receivedDateTime ge 2001-01-01T00:00:00Z`, `${immutable}, odata.maxpagesize=1000`);
  expect(first.items).toHaveLength(5000);
  expect(first.items.map((item) => item.id)).not.toContain(old);
  user.mailbox.deliver({ receivedAt: 0 });
  user.mailbox.remove(old);
  expect((await round(first.link)).items).toMatchObject([{ id: old, "@removed": {} }]);
});

test.each([
  ["$filter=isRead eq false"],
  ["$filter=receivedDateTime ge 2026-01-01T00:00:00Z and isRead eq false"],
  ["$orderby=subject"],
  ["changeType=moved"],
])("delta refuses %s", async (query) => {
  const { ask } = await createCaller();
  expect((await ask(`${delta}?${query}`)).body.error.code).toBe("ErrorInvalidUrlQuery");
});

test("empty pages come with a nextLink inside a round, and nothing is lost by them", async () => {
  const { ask, user } = await createCaller({ quirks: { ...noChance, emptyPages: true } });
  const ids = user.mailbox.deliverMany(Array.from({ length: 200 }, () => ({})));
  const seen: string[] = [];
  let empty = 0;
  for (let link: string | undefined = delta; link; ) {
    const { body } = await ask(link, { prefer: `${immutable}, odata.maxpagesize=2` });
    if (body.value.length === 0 && body["@odata.nextLink"]) empty += 1;
    seen.push(...body.value.map((item: { id: string }) => item.id));
    link = body["@odata.nextLink"];
  }
  expect(empty).toBeGreaterThan(0);
  expect(seen.sort()).toEqual([...ids].sort());
});

test("replays give an item twice in a round", async () => {
  const { round, user } = await createCaller({ quirks: { ...noChance, replays: true } });
  const ids = user.mailbox.deliverMany(Array.from({ length: 200 }, () => ({})));
  const seen = (await round(delta, `${immutable}, odata.maxpagesize=4`)).items.map((item) => item.id);
  expect(seen.length).toBeGreaterThan(ids.length);
  expect([...new Set(seen)].sort()).toEqual([...ids].sort());
});

test("links come in other spellings than asked, and each leads on", async () => {
  const { ask, user } = await createCaller({ quirks: { emptyPages: false, replays: false } });
  user.mailbox.deliverMany(Array.from({ length: 30 }, () => ({})));
  const paths = new Set<string>();
  let seen = 0;
  for (let link: string | undefined = delta; link; ) {
    const { status, body } = await ask(link, { prefer: "odata.maxpagesize=1" });
    expect(status).toBe(200);
    seen += body.value.length;
    link = body["@odata.nextLink"];
    if (link) paths.add(new URL(link).pathname);
  }
  expect(seen).toBe(30);
  expect(paths.size).toBeGreaterThan(3);
});

test("with that habit off links are spelled as asked", async () => {
  const { ask } = await createCaller();
  const { body } = await ask(delta);
  expect(body["@odata.deltaLink"]).toMatch(
    /^https:\/\/graph\.microsoft\.com\/v1\.0\/me\/mailFolders\/inbox\/messages\/delta\?\$deltatoken=[\w-]{300,}$/,
  );
});
