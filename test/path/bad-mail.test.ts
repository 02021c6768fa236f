/** One bad mail, one bad folder: only itself stops. */
import { expect, test } from "vitest";
import { type DaemonEvents, memoryStore } from "../../src/index.js";
import { address, hostOptions, many, next, signedIn, simulatorWith } from "../support/host.js";

const spoiled = '{"id":"x","subject":"without an end}';

test("a mail that spoils the answer to its whole batch holds no other up, in reading", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const bad = mailbox.deliver({ subject: "bad", receivedAt: Date.now() - 60_000 });
  const good = mailbox.deliverMany(Array.from({ length: 10 }, (_, index) => ({ subject: `good ${index}` })));
  const seen: string[] = [];
  // The part's text stands raw in the answer, which is then no JSON any more.
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const answer = await sim.fetch(input, init);
    const spoils =
      String(input).endsWith("/$batch") && String(init?.body).includes(encodeURIComponent(bad)) && String(init?.body).includes('"GET"');
    return spoils
      ? new Response(`{"responses":[{"id":"1","status":200,"body":${spoiled}}]}`, { headers: { "content-type": "application/json" } })
      : answer;
  };
  const options = hostOptions(sim, { fetch, defaults: { startFrom: "unread" }, handler: ({ message }) => void seen.push(message.id) });
  const daemon = await signedIn(sim, options);
  const marked = many(daemon, "message:marked", 10);
  await daemon.start();
  await marked;
  await daemon.stop();
  expect(seen.toSorted()).toEqual(good.toSorted());
});

test("a mail that spoils the answer to its whole batch holds no other up, in marking", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const bad = mailbox.deliver({ subject: "bad", receivedAt: Date.now() - 60_000 });
  const good = mailbox.deliverMany(Array.from({ length: 10 }, (_, index) => ({ subject: `good ${index}` })));
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const answer = await sim.fetch(input, init);
    const spoils = String(input).endsWith("/$batch") && String(init?.body).includes(encodeURIComponent(bad));
    return spoils
      ? new Response(`{"responses":[{"id":"0","status":200,"body":${spoiled}}]}`, { headers: { "content-type": "application/json" } })
      : answer;
  };
  const daemon = await signedIn(sim, hostOptions(sim, { fetch }));
  const marked = many(daemon, "message:marked", 10);
  await daemon.start();
  expect((await marked).map(({ id }) => id).toSorted()).toEqual(good.toSorted());
  await daemon.stop();
});

test("mail whose JSON holds raw control characters is delivered with them, from a page and by id", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  // As Graph sends some: what has to be escaped stands raw (alcion/corso).
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const answer = await sim.fetch(input, init);
    return new Response((await answer.text()).replaceAll("\\u0001", "\u0001"), { status: answer.status, headers: answer.headers });
  };
  const subjects: string[] = [];
  const host = (startFrom: "everything" | "unread", store = memoryStore()) =>
    signedIn(
      sim,
      hostOptions(sim, { fetch, store, defaults: { startFrom }, handler: ({ message }) => void subjects.push(message.subject) }),
    );
  for (const startFrom of ["everything", "unread"] as const) {
    mailbox.deliverMany([{ subject: `raw \u0001 ${startFrom}` }, { subject: startFrom }]);
    const daemon = await host(startFrom);
    const marked = many(daemon, "message:marked", 2);
    await daemon.start();
    await marked;
    await daemon.stop();
    for (const { id } of mailbox.messages()) mailbox.remove(id);
  }
  expect(subjects.toSorted()).toEqual(["everything", "raw \u0001 everything", "raw \u0001 unread", "unread"]);
});

test("a folder that Graph refuses does not keep the queue's other folder from its round", async () => {
  const sim = simulatorWith();
  sim.user(address).mailbox.deliver({ subject: "in the inbox" });
  const options = hostOptions(sim, { defaults: { folders: ["AAMkNoSuchFolder", "inbox"], startFrom: "everything" } });
  const daemon = await signedIn(sim, options);
  const failed = next(daemon, "queue:failed");
  const marked = next(daemon, "message:marked");
  await daemon.start();
  expect(await failed).toMatchObject({ queue: address, reason: expect.stringContaining("AAMkNoSuchFolder") });
  await marked;
  await daemon.stop();
});

test("mail of several folders is delivered, and says where it was found", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  mailbox.deliver({ subject: "in the inbox" });
  mailbox.deliver({ subject: "taken for junk" }, "junkemail");
  const seen: string[] = [];
  const options = hostOptions(sim, {
    defaults: { folders: ["inbox", "junkemail"], startFrom: "everything", afterAck: { delete: true } },
    handler: ({ message }) => void seen.push(`${message.folder}: ${message.subject}`),
  });
  const daemon = await signedIn(sim, options);
  const marked = many(daemon, "message:marked", 2);
  await daemon.start();
  await marked;
  await daemon.stop();
  expect(seen.toSorted()).toEqual(["inbox: in the inbox", "junkemail: taken for junk"]);
  expect(
    mailbox
      .messages("deleteditems")
      .map(({ subject }) => subject)
      .toSorted(),
  ).toEqual(["in the inbox", "taken for junk"]);
});

test("a next page that leads to itself ends the round, and the folder is walked anew", async () => {
  const sim = simulatorWith();
  sim.user(address).mailbox.deliver({ subject: "behind the loop" });
  const loop = "https://graph.microsoft.com/v1.0/me/mailFolders/inbox/messages/delta?$skiptoken=loop";
  let loops = 4;
  const fetch: typeof globalThis.fetch = (input, init) => {
    if (!String(input).includes("/delta") || loops === 0) return sim.fetch(input, init);
    loops -= 1;
    return Promise.resolve(Response.json({ value: [], "@odata.nextLink": loop }));
  };
  const daemon = await signedIn(sim, hostOptions(sim, { fetch }));
  const lost: DaemonEvents["queue:cursor-lost"][] = [];
  daemon.on("queue:cursor-lost", (event) => lost.push(event));
  const marked = next(daemon, "message:marked");
  await daemon.start();
  await marked;
  await daemon.stop();
  expect(lost[0]).toMatchObject({ queue: address, folder: "inbox", code: "SYNC_ROUND_LOOPED" });
});

test("a page that is too big for Graph is asked for smaller, until the mail comes", async () => {
  const sim = simulatorWith([address], { quirks: { emptyPages: false } });
  sim.user(address).mailbox.deliverMany(Array.from({ length: 40 }, (_, index) => ({ subject: `${index}` })));
  const sizes: number[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    const size = Number(/maxpagesize=(\d+)/.exec(new Headers(init?.headers).get("prefer") ?? "")?.[1]);
    if (!String(input).includes("/delta")) return sim.fetch(input, init);
    sizes.push(size);
    return size <= 20 ? sim.fetch(input, init) : Promise.resolve(new Response("<html>upstream", { status: 200 }));
  };
  const options = hostOptions(sim, { fetch, defaults: { pageSize: 50, startFrom: "everything", pollIntervalMs: 50 } });
  const daemon = await signedIn(sim, options);
  const marked = many(daemon, "message:marked", 40);
  await daemon.start();
  await marked;
  await daemon.stop();
  expect(sizes.slice(0, 3)).toEqual([50, 13, 13]);
});
