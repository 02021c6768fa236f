import { expect, test } from "vitest";
import { address, createCaller, immutable, postToken } from "./caller.js";

const inboxDelta = "/me/mailFolders/inbox/messages/delta";

test("every request is an entry, in order, with its route, mailbox, times and status", async () => {
  let now = 1_000;
  const { ask, sim, user } = await createCaller({ now: () => now++ });
  await ask("/me");
  await ask("/me/mailFolders/inbox/messages?$top=1");
  await postToken(sim, { grant_type: "refresh_token", refresh_token: user.issueRefreshToken() });
  const entries = sim.log.entries();
  expect(entries).toMatchObject([
    { route: "me", method: "GET", path: "/v1.0/me", mailbox: address, status: 200 },
    { route: "messages", method: "GET", path: "/v1.0/me/mailFolders/inbox/messages?$top=1", mailbox: address, status: 200 },
    { route: "token", method: "POST", mailbox: address, status: 200 },
  ]);
  expect(entries.map((entry) => entry.number)).toEqual([2, 3, 4]);
  expect(entries.every((entry) => entry.endedAt! > entry.startedAt)).toBe(true);
});

test("entries are picked by route and by mailbox, without regard to case", async () => {
  const { ask, sim } = await createCaller();
  sim.addUser({ address: "other@contoso.com" });
  await ask("/me");
  await ask("/users/other@contoso.com");
  await ask("/me/messages");
  expect(sim.log.count({ route: "messages" })).toBe(1);
  expect(sim.log.count({ mailbox: address.toUpperCase() })).toBe(2);
  expect(sim.log.entries({ mailbox: "other@contoso.com", route: "user" })).toHaveLength(1);
  sim.log.clear();
  expect(sim.log.count()).toBe(0);
  expect(sim.log.mostAtOnce()).toBe(0);
});

test("a batch part is an entry of its own that points to its batch", async () => {
  const { batch, sim } = await createCaller();
  await batch({ id: "1", method: "GET", url: "/me" }, { id: "2", method: "GET", url: "/me/mailFolders/inbox" });
  const [outer, ...parts] = sim.log.entries();
  expect(outer).toMatchObject({ route: "batch", method: "POST" });
  expect(parts.map((part) => [part.route, part.batch])).toEqual([
    ["me", outer!.number],
    ["folder", outer!.number],
  ]);
  expect(sim.log.mostAtOnce(address)).toBe(2);
});

test("pages note the immutable ids given as present, and delta where its round stands", async () => {
  const { ask, sim, user } = await createCaller();
  const ids = user.mailbox.deliverMany(Array.from({ length: 3 }, () => ({})));
  const first = await ask("/me/mailFolders/inbox/messages/delta", { prefer: "odata.maxpagesize=2" });
  const last = await ask(first.body["@odata.nextLink"], { prefer: immutable });
  user.mailbox.remove(ids[0]!);
  await ask(last.body["@odata.deltaLink"]);
  await ask("/me/messages");
  const deltas = sim.log.entries({ route: "delta" });
  expect(deltas.map((entry) => entry.round)).toEqual(["more", "done", "done"]);
  expect(
    deltas
      .slice(0, 2)
      .flatMap((entry) => entry.ids)
      .sort(),
  ).toEqual([...ids].sort());
  expect(deltas[2]!.ids).toEqual([]);
  expect(sim.log.entries({ route: "messages" })[0]!.ids).toEqual([ids[2], ids[1]]);
});

test("delta tells what each request went on from, whether it was answered or not", async () => {
  const { ask, round, sim, user } = await createCaller();
  user.mailbox.deliverMany(Array.from({ length: 15 }, () => ({})));
  const first = await ask(inboxDelta);
  const { link } = await round(first.body["@odata.nextLink"]);
  await round(link);
  sim.faults.add({ name: "busy", route: "delta", status: 503 });
  await ask(`${inboxDelta}?$select=id`);
  await ask(`${inboxDelta}?$deltatoken=`);
  await ask(`${inboxDelta}?$deltatoken=latest`);
  await ask(link);
  await ask("/me/messages");
  const walks = sim.log.entries().map((entry) => entry.walk);
  expect(walks).toEqual(["first", "next", "delta", "first", "first", "first", "delta", undefined]);
});

test("delta knows a deltaLink however it is spelled", async () => {
  const { ask, sim } = await createCaller({ quirks: { emptyPages: false, replays: false } });
  let link = inboxDelta;
  const spelled = new Set<boolean>();
  for (let time = 0; time < 30; time++) {
    link = (await ask(link)).body["@odata.deltaLink"];
    spelled.add(link.includes("$skiptoken"));
  }
  expect(spelled.size).toBe(2);
  expect(sim.log.entries().map((entry) => entry.walk)).toEqual(["first", ...Array.from({ length: 29 }, () => "delta")]);
});
