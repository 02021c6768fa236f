/** Many queues on one account, its own mailbox and others': one sign-in, one record, one renewal, and marks where each mail lies. */
import { describe, expect, onTestFinished, test } from "vitest";
import { createMailDaemon, type MailDaemonOptions, memoryStore, type QueueOptions } from "../../src/index.js";
import { hostOptions, many, next, simulatorWith } from "../support/host.js";

const account = "agent@contoso.com";
const [one, two, three] = ["billing@contoso.com", "returns@contoso.com", "sales@contoso.com"] as const;
const shared: QueueOptions[] = [one, two, three].map((address) => ({ address, account }));
const own: QueueOptions = { address: account };

/** A daemon that is not signed in, and the scopes that it asked Entra for. */
function scene(queues: readonly QueueOptions[], options: Partial<MailDaemonOptions> = {}) {
  const sim = simulatorWith([account, one, two, three]);
  for (const address of [one, two, three]) sim.user(address).grantAccess(account);
  const store = memoryStore();
  const scopes: string[][] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const asked = new URLSearchParams(String(init?.body ?? "")).get("scope");
    if (String(input).includes("/oauth2/v2.0/token")) scopes.push((asked ?? "").split(" ").map((name) => name.split("/").at(-1) ?? ""));
    return sim.fetch(input, init);
  };
  const defaults = { pollIntervalMs: 50, minPollIntervalMs: 10, startFrom: "everything" as const, ...options.defaults };
  const all = hostOptions(sim, { queues, store, fetch, ...options, defaults });
  const daemon = createMailDaemon(all);
  onTestFinished(() => daemon.stop());
  const signIn = (address: string) =>
    daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user(account).issueRefreshToken() });
  return { sim, store, scopes, options: all, daemon, signIn, mailbox: (address: string) => sim.user(address).mailbox };
}

const polledAll = (daemon: ReturnType<typeof scene>["daemon"], queues: readonly QueueOptions[]) =>
  Promise.all(queues.map(({ address }) => next(daemon, "queue:polled", ({ queue }) => queue === address)));

describe("the right to shared mailboxes", () => {
  test.each([
    { title: "is asked for where a queue names an account of another address", queues: [{ address: one, account }], asked: true },
    { title: "is asked for where only one of the account's queues needs it", queues: [own, { address: one, account }], asked: true },
    { title: "is not asked for by an account with no mailbox but its own", queues: [own], asked: false },
    {
      title: "is not asked for by a queue that names itself as its account",
      queues: [{ ...own, account: "Agent@Contoso.com" }],
      asked: false,
    },
  ])("$title", async ({ queues, asked }) => {
    const { daemon, scopes, signIn } = scene(queues);
    await signIn(queues[0]?.address ?? "");
    const polled = polledAll(daemon, queues);
    await daemon.start();
    await polled;
    expect(scopes.length).toBeGreaterThan(0);
    expect(scopes.map((names) => names.includes("Mail.ReadWrite.Shared"))).toEqual(scopes.map(() => asked));
  });

  test("is asked for, by one renewal and without another sign-in, when such a queue is added while the daemon runs", async () => {
    const { daemon, scopes, signIn } = scene([own]);
    await signIn(account);
    const polled = polledAll(daemon, [own]);
    await daemon.start();
    await polled;
    const before = scopes.length;
    const required: string[] = [];
    daemon.on("queue:sign-in-required", ({ queue }) => required.push(queue));
    const added = polledAll(daemon, shared);
    await Promise.all(shared.map((queue) => daemon.addQueue(queue)));
    await added;
    expect(scopes.slice(before).map((names) => names.includes("Mail.ReadWrite.Shared"))).toEqual([true]);
    expect(required).toEqual([]);
  });
});

describe("one account", () => {
  test.each([account, two])("is signed in once for all of its queues, by whichever (%s), and is one record in the vault", async (by) => {
    const { daemon, store, scopes, signIn } = scene([own, ...shared]);
    const signedIn = many(daemon, "queue:signed-in", 4);
    await signIn(by);
    expect((await signedIn).map(({ queue }) => queue).toSorted()).toEqual([account, one, two, three].toSorted());
    const polled = polledAll(daemon, [own, ...shared]);
    await daemon.start();
    await polled;
    expect(scopes.length).toBe(1);
    const records = await store.list({ prefix: ["vault"], limit: 100 });
    expect(records.map(({ key }) => key)).toEqual([["vault", account]]);
  });

  test("whose token is challenged in all of its queues at once is renewed once for all", async () => {
    const queues = [own, ...shared];
    const { daemon, sim, scopes, signIn, mailbox } = scene(queues);
    await signIn(account);
    const polled = polledAll(daemon, queues);
    await daemon.start();
    await polled;
    const before = scopes.length;
    const refreshed = many(daemon, "token:refreshed", 4);
    sim.user(account).requireClaims();
    for (const { address } of queues) mailbox(address).deliver();
    const marked = many(daemon, "message:marked", 4);
    expect((await refreshed).map(({ queue }) => queue).toSorted()).toEqual(queues.map(({ address }) => address).toSorted());
    await marked;
    expect(scopes.length - before).toBe(1);
  });

  test("that is signed out leaves all of its queues waiting, each told once, and one sign-in brings all back", async () => {
    const queues = [own, ...shared];
    const { daemon, signIn } = scene(queues);
    await signIn(account);
    const polled = polledAll(daemon, queues);
    await daemon.start();
    await polled;
    const required = many(daemon, "queue:sign-in-required", 4);
    await daemon.signOut(one);
    expect((await required).map(({ queue }) => queue).toSorted()).toEqual(queues.map(({ address }) => address).toSorted());
    const back = polledAll(daemon, queues);
    await signIn(three);
    await back;
  });
});

test("a 403 for one shared mailbox stops its queue alone, with what to do; the account's others go on, and it comes back by itself", async () => {
  const queues = [own, ...shared];
  const { daemon, sim, signIn, mailbox } = scene(queues);
  await signIn(account);
  const polled = polledAll(daemon, queues);
  await daemon.start();
  await polled;
  const failed = next(daemon, "queue:failed");
  const mend = sim.faults.add({ name: "no right", mailbox: one, status: 403, graphCode: "ErrorAccessDenied" });
  expect(await failed).toMatchObject({ queue: one, code: "GRAPH_FORBIDDEN", who: expect.any(String), remedy: expect.any(String) });
  for (const address of [account, two, three]) {
    const marked = next(daemon, "message:marked", ({ queue }) => queue === address);
    mailbox(address).deliver();
    await marked;
  }
  mend();
  await daemon.pollNow(one);
  const marked = next(daemon, "message:marked", ({ queue }) => queue === one);
  mailbox(one).deliver();
  await marked;
});

test("marks are made in the mailbox where the mail lies, by its address: changes, folders that are made, moves and deletions for good", async () => {
  const queues: QueueOptions[] = [
    { ...own, afterAck: { flag: true, moveTo: "Mine", createFolder: true } },
    { address: one, account, afterAck: { markRead: true, addCategories: ["Done"], moveTo: "Done/2026", createFolder: true } },
    { address: two, account, afterAck: { markRead: true, delete: "permanently" } },
    { address: three, account, afterAck: { delete: true } },
  ];
  const { daemon, sim, signIn, mailbox } = scene(queues);
  const ids = new Map(queues.map(({ address }) => [address, mailbox(address).deliver({ categories: ["Blue"] })]));
  const marked = many(daemon, "message:marked", 4);
  await signIn(account);
  await daemon.start();
  await marked;
  const found = (address: string) => mailbox(address).message(ids.get(address) ?? "");
  expect(found(account)).toMatchObject({ folder: "Mine", flagged: true, isRead: false });
  expect(found(one)).toMatchObject({ folder: "2026", isRead: true, categories: ["Blue", "Done"] });
  expect([found(two), mailbox(two).purged()]).toEqual([undefined, [ids.get(two)]]);
  expect(found(three)?.folder).toBe("Deleted Items");
  for (const address of [one, two, three]) expect(() => mailbox(address).messages("Mine")).toThrow('no folder "Mine"');
  expect(() => mailbox(account).messages("2026")).toThrow('no folder "2026"');
  const changing = sim.log.entries().filter(({ route }) => ["patch", "move", "createFolder", "permanentDelete"].includes(route));
  for (const { path, mailbox: whose = "" } of changing)
    expect(path.startsWith(whose === account ? "/v1.0/me/" : `/v1.0/users/${encodeURIComponent(whose)}/`)).toBe(true);
});

describe("one mail in two queues", () => {
  const twice = { internetMessageId: "<one-mail@mail.example.org>", receivedAt: new Date("2026-01-05T09:00:00Z") };
  const accounts = [{ address: one }, { address: two }];

  test.each([
    { title: "with an account each", queues: accounts },
    { title: "of one account", queues: accounts.map(({ address }) => ({ address, account })) },
    { title: "one of which is the account's own", queues: [own, { address: one, account }] },
  ])("$title is two deliveries with two keys, each settled and marked by itself, and none after a restart", async ({ queues }) => {
    const keys: string[] = [];
    const handler: MailDaemonOptions["handler"] = ({ key, message }) => void keys.push(`${key} ${message.internetMessageId}`);
    const { daemon, sim, store, options, mailbox, signIn } = scene(queues, { handler });
    for (const { address, account: name = address } of queues as QueueOptions[])
      if (name === account) await signIn(address);
      else await daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user(name).issueRefreshToken() });
    const ids = queues.map(({ address }) => mailbox(address).deliver(twice));
    const marked = many(daemon, "message:marked", 2);
    await daemon.start();
    await marked;
    const expected = queues.map(({ address }, index) => `${address}/${ids[index]} ${twice.internetMessageId}`).toSorted();
    expect(keys.toSorted()).toEqual(expected);
    expect(queues.map(({ address }, index) => mailbox(address).message(ids[index] ?? "")?.isRead)).toEqual([true, true]);
    await daemon.stop();
    const again = createMailDaemon({ ...options, store });
    onTestFinished(() => again.stop());
    const polled = polledAll(again, queues);
    await again.start();
    await polled;
    await again.sweep();
    expect(keys.length).toBe(2);
    const third = next(again, "message:marked");
    mailbox(queues[1]?.address ?? "").deliver({ ...twice, receivedAt: new Date() });
    await third;
    expect(keys.length).toBe(3);
  });
});
