/**
 * Quirks that were seen in the field, one case for each that no other file here shows: what Graph does in it, over real
 * sockets, and that it costs no message and brings none twice.
 */
import { expect, it } from "vitest";
import { address, createFaultScene, type FaultScene } from "./fixtures/scene.js";

const minute = 60_000;
const day = 86_400_000;

const some = (count: number) => Array.from({ length: count }, () => ({}));
const old = { receivedAt: Date.now() - 400 * day };

const deltaPaths = ({ simulator }: FaultScene) => simulator.log.entries({ route: "delta" }).map(({ path }) => decodeURIComponent(path));
const firstWalks = ({ simulator }: FaultScene) => simulator.log.entries({ route: "delta" }).filter(({ walk }) => walk === "first").length;

const settledAll = ({ settled }: FaultScene, ids: readonly string[]) =>
  expect.poll(() => settled.toSorted(), { timeout: 30_000 }).toEqual([...ids].toSorted());

/** Moves time on, in steps, until it is so. */
async function untilLater({ later }: FaultScene, stepMs: number, holds: () => boolean): Promise<void> {
  const look = () => {
    if (!holds()) later(stepMs);
    return holds();
  };
  await expect.poll(look, { timeout: 30_000, interval: 20 }).toBe(true);
}

/** What the work gives, with time moving on. */
async function passing<T>(scene: FaultScene, work: Promise<T>): Promise<T> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  work.then(end, end);
  await untilLater(scene, 1_000, () => ended);
  return work;
}

/** Changes the pages of delta rounds on their way. */
function rewriting(change: (page: { value: unknown[] }) => void) {
  return (send: typeof fetch): typeof fetch =>
    async (input, init) => {
      const answer = await send(input, init);
      if (!answer.ok || !/delta|skiptoken/i.test(String(input))) return answer;
      const page = (await answer.json()) as { value: unknown[] };
      change(page);
      return new Response(JSON.stringify(page), { status: answer.status, headers: answer.headers });
    };
}

it("$top on delta cuts a whole round short: it is never sent, nor are $filter and changeType, whatever happens to a queue", async () => {
  const scene = await createFaultScene({ defaults: { pageSize: 5, afterAck: { markRead: true, moveTo: "archive" } } });
  const { daemon, mailbox, simulator, settled, later, round } = scene;
  const ids = mailbox.deliverMany(some(23));
  await daemon.start();
  await settledAll(scene, ids);
  // A dead cursor, a page too big, a sweep, a full mailbox and the way back: each asks Graph in a way of its own.
  mailbox.forgetSyncStates();
  await round();
  simulator.faults.add({ name: "too big", route: "delta", pageLargerThan: 2, status: 504, count: 1 });
  await daemon.sweep();
  mailbox.setFull(true);
  await round();
  mailbox.setFull(false);
  later(6 * 60 * minute);
  ids.push(mailbox.deliver());
  await settledAll(scene, ids);
  expect(settled).toHaveLength(24);
  expect(firstWalks(scene)).toBeGreaterThan(1);
  const asked = deltaPaths(scene);
  expect(asked.length).toBeGreaterThan(5);
  expect(asked.filter((path) => /[?&](\$top|\$filter|changeType|\$orderby|\$skip)=/i.test(path))).toEqual([]);
  // Plain lists are asked with both, so the search above could find them.
  expect(simulator.log.entries({ route: "messages" }).some(({ path }) => /\$top=/.test(decodeURIComponent(path)))).toBe(true);
});

it("a $filter on delta ends a round silently at 5,000 messages: a first walk of more knows every one of them", async () => {
  const scene = await createFaultScene({ defaults: { startFrom: "now", pageSize: 1_000 } });
  const { daemon, mailbox, simulator, round } = scene;
  mailbox.deliverMany(Array.from({ length: 5_060 }, (_, index) => ({ receivedAt: old.receivedAt + 1_000 * index })));
  await daemon.start();
  await round();
  const shown = new Set(simulator.log.entries({ route: "delta" }).flatMap(({ ids = [] }) => ids));
  expect(shown.size).toBe(5_060);
  expect(await passing(scene, daemon.sweep())).toEqual({ listed: 5_060, known: 5_060, found: 0, gone: 0 });
  expect(scene.handed).toEqual([]);
});

it("older messages moved in come twice in one round: each is delivered once", async () => {
  let doubled = 0;
  const twice = rewriting((page) => {
    doubled += page.value.length;
    page.value = page.value.flatMap((item) => [item, item]);
  });
  const scene = await createFaultScene({ defaults: { startFrom: "now" } }, { between: twice });
  const { daemon, mailbox, handed, round } = scene;
  const ids = mailbox.deliverMany([old, old, old], "archive");
  await daemon.start();
  await round();
  for (const id of ids) mailbox.move(id, "inbox");
  await settledAll(scene, ids);
  await round();
  expect(doubled).toBeGreaterThanOrEqual(ids.length);
  expect(handed.toSorted()).toEqual(ids.toSorted());
});

it("a later round shows of an unknown message only what changed: it is fetched by its id and delivered whole", async () => {
  const subjects: string[] = [];
  const scene = await createFaultScene({ handler: ({ message }) => void subjects.push(`${message.subject} ${message.body?.content}`) });
  const { daemon, mailbox, of, round } = scene;
  await daemon.start();
  await round();
  const id = mailbox.deliverUnseen({ subject: "Order 7", body: { contentType: "text", content: "as text" } });
  await round();
  expect(scene.handed).toEqual([]);
  mailbox.update(id, { isRead: true });
  await settledAll(scene, [id]);
  expect(subjects).toEqual([expect.stringMatching(/^Order 7 .*as text/s)]);
  expect(of("message:reduced")).toEqual([]);
});

it("a round of many empty pages is followed to its end, and no loop is seen in it", async () => {
  const scene = await createFaultScene();
  const { daemon, mailbox, simulator, of, round } = scene;
  await daemon.start();
  await round();
  simulator.log.clear();
  simulator.faults.add({ name: "empty pages", route: "delta", endless: true, count: 120 });
  const id = mailbox.deliver();
  await settledAll(scene, [id]);
  expect(simulator.log.entries({ route: "delta" }).filter(({ round: end, ids }) => end === "more" && ids?.length === 0).length).toBe(120);
  expect(of("queue:cursor-lost")).toEqual([]);
});

it("a plain list without its nextLink hides the rest: a sweep asks for that by date, and finds what was behind it", async () => {
  const scene = await createFaultScene();
  const { daemon, mailbox, simulator, round } = scene;
  const at = Date.now() - day;
  const known = mailbox.deliverMany(Array.from({ length: 40 }, (_, index) => ({ receivedAt: at + index * 1_000 })));
  await daemon.start();
  await round();
  const hidden = mailbox.deliverUnseen({ receivedAt: at - day });
  simulator.faults.add({ name: "small pages", route: "messages", pageLargerThan: 10, status: 504 });
  simulator.faults.add({ name: "no links", route: "messages", dropNextLink: true });
  expect(await passing(scene, daemon.sweep())).toMatchObject({ listed: 41, found: 1 });
  await settledAll(scene, [...known, hidden]);
});

it("$skip is Graph's to compute: it is sent only as a link gave it, also where one second fills several pages", async () => {
  const given = new Set<string>();
  const asked: string[] = [];
  const listening =
    (send: typeof fetch): typeof fetch =>
    async (input, init) => {
      if (/messages\?.*skip/.test(String(input))) asked.push(String(input));
      const answer = await send(input, init);
      const { "@odata.nextLink": link } = (await answer.clone().json()) as { "@odata.nextLink"?: string };
      if (link !== undefined) given.add(link);
      return answer;
    };
  const scene = await createFaultScene({}, { between: listening });
  const { daemon, mailbox, simulator, round } = scene;
  const receivedAt = Math.floor(Date.now() / 1_000) * 1_000 - day;
  const known = mailbox.deliverMany(Array.from({ length: 34 }, () => ({ receivedAt })));
  await daemon.start();
  await round();
  const hidden = mailbox.deliverUnseen({ receivedAt });
  simulator.faults.add({ name: "small pages", route: "messages", pageLargerThan: 10, status: 504 });
  expect(await passing(scene, daemon.sweep())).toMatchObject({ listed: 35, found: 1 });
  await settledAll(scene, [...known, hidden]);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((url) => !given.has(url))).toEqual([]);
});

const nobodys = {
  name: "nobody's link",
  route: "delta" as const,
  status: 200,
  body: JSON.stringify({
    value: [],
    "@odata.nextLink": "https://graph.microsoft.com/v1.0/users//mailFolders/inbox/messages/delta?$skiptoken=a",
  }),
};

it("a link with an empty user segment (users//) is not followed: the page is asked for again from the link before", async () => {
  const scene = await createFaultScene();
  const { daemon, mailbox, simulator, of, round } = scene;
  await daemon.start();
  await round();
  simulator.faults.add({ ...nobodys, count: 1 });
  const id = mailbox.deliver();
  await settledAll(scene, [id]);
  expect(simulator.log.entries().filter(({ path }) => path.includes("users//"))).toEqual([]);
  expect(firstWalks(scene)).toBe(1);
  expect(of("queue:cursor-lost")).toEqual([]);
});

it("where every link of delta has an empty user segment, the folder is listed", async () => {
  const scene = await createFaultScene();
  const { daemon, mailbox, simulator, of, round } = scene;
  await daemon.start();
  await round();
  simulator.faults.add(nobodys);
  const id = mailbox.deliver();
  await untilLater(scene, 1_000, () => scene.settled.length > 0);
  await settledAll(scene, [id]);
  expect(simulator.log.entries().filter(({ path }) => path.includes("users//"))).toEqual([]);
  expect(of("queue:mode-changed")).toMatchObject([{ mode: "listing", code: "GRAPH_BAD_RESPONSE" }]);
});

it.each(["everything", "now"] as const)(
  "SyncStateNotFound in the middle of a first walk begins it over again, and bounds and ledger stay (startFrom %j)",
  async (startFrom) => {
    const scene = await createFaultScene({ defaults: { pageSize: 5, startFrom } });
    const { daemon, mailbox, simulator, handed, of, round, next } = scene;
    const before = mailbox.deliverMany(Array.from({ length: 40 }, () => old));
    const lost = next("queue:cursor-lost");
    simulator.faults.add({ name: "dead link", route: "delta", after: 4, count: 1, status: 410, graphCode: "SyncStateNotFound" });
    await daemon.start();
    expect(await lost).toMatchObject({ folder: "inbox", code: "SYNC_CURSOR_LOST", serviceCode: "SyncStateNotFound" });
    const after = mailbox.deliver();
    await round();
    await settledAll(scene, startFrom === "now" ? [after] : [...before, after]);
    expect(firstWalks(scene)).toBe(2);
    expect(of("queue:cursor-lost")).toHaveLength(1);
    expect(new Set(handed).size).toBe(handed.length);
  },
);

it("isRead toggles come as updates: nothing is delivered for them, neither what was settled nor what was there before", async () => {
  const scene = await createFaultScene({ defaults: { startFrom: "now" } });
  const { daemon, mailbox, simulator, of, round, next } = scene;
  const before = mailbox.deliver({ ...old, isRead: true });
  await daemon.start();
  await round();
  const marked = next("message:marked");
  const id = mailbox.deliver();
  await marked;
  // Our own mark comes back as an update, and is nobody's change.
  await round();
  expect(of("message:changed-elsewhere")).toEqual([]);
  simulator.log.clear();
  for (const isRead of [false, true, false, true, false]) {
    mailbox.update(id, { isRead });
    mailbox.update(before, { isRead });
    await round();
  }
  const shown = simulator.log.entries({ route: "delta" }).flatMap(({ ids = [] }) => ids);
  expect(shown.filter((one) => one === id).length).toBeGreaterThan(3);
  expect(shown).toContain(before);
  expect(scene.handed).toEqual([id]);
  expect(of("message:changed-elsewhere")).toMatchObject([{ id, settled: true }]);
});

it.each([
  ["without a Retry-After", {}],
  ["with a Retry-After that is always 1", { retryAfter: 1 }],
])("a 429 %s is waited out, and six of them are not used up in a burst", async (_, header) => {
  const scene = await createFaultScene();
  const { daemon, mailbox, simulator, round } = scene;
  await daemon.start();
  await round();
  simulator.log.clear();
  const refused = 6;
  simulator.faults.add({ name: "too much", route: "delta", status: 429, count: refused, ...header });
  const id = mailbox.deliver();
  await untilLater(scene, 1_000, () => scene.settled.length > 0);
  await settledAll(scene, [id]);
  const times = simulator.log
    .entries({ route: "delta" })
    .filter(({ status }) => status === 429)
    .map(({ startedAt }) => startedAt);
  expect(times).toHaveLength(refused);
  // No two of them in a burst: an SDK that knew no header would have used them up within a second or two.
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(5_000);
  expect(simulator.log.knockedWhileBarred()).toEqual([]);
});

it("a Teams chat among the messages (subject IM) is a message like any other, and is delivered only where a watched folder holds it", async () => {
  const scene = await createFaultScene();
  const { daemon, mailbox, round } = scene;
  mailbox.addFolder("Conversation History");
  const elsewhere = mailbox.deliver({ subject: "IM", headers: [] }, "Conversation History");
  const here = mailbox.deliver({ subject: "IM", headers: [] });
  await daemon.start();
  await settledAll(scene, [here]);
  await round();
  expect(await daemon.sweep()).toMatchObject({ listed: 1, found: 0 });
  expect(scene.handed).not.toContain(elsewhere);
});

it("sent mail has no internet headers in Graph's JSON: they are read from its MIME, a few of its bytes", async () => {
  const reply = { name: "Auto-Submitted", value: "auto-replied" };
  const seen: unknown[] = [];
  const scene = await createFaultScene({
    queues: [{ address, folders: ["sentitems", "inbox"] }],
    handler({ message: { folder, headers, subject, automatic, reduced } }) {
      seen.push([folder, subject, headers.length > 0, automatic?.reason, reduced]);
    },
  });
  const attachments = [{ content: "x".repeat(5_000_000) }];
  const ids = [
    scene.mailbox.deliver({ subject: "ours", headers: [reply], attachments }, "sentitems"),
    scene.mailbox.deliver({ subject: "theirs" }),
  ];
  await scene.daemon.start();
  await settledAll(scene, ids);
  expect(seen.toSorted()).toEqual([
    ["inbox", "theirs", true, undefined, undefined],
    ["sentitems", "ours", true, "auto-reply", undefined],
  ]);
  expect(scene.simulator.log.count({ route: "mime" })).toBe(1);
});

it("delta without a token fills the mailbox: a folder is walked so once, over trouble, sweeps, a restart and a month", async () => {
  const scene = await createFaultScene();
  const { daemon, mailbox, simulator } = scene;
  const ids = mailbox.deliverMany(some(30));
  await daemon.start();
  await settledAll(scene, ids);
  simulator.faults.add({ name: "trouble", route: "delta", status: 503, count: 6 });
  ids.push(mailbox.deliver());
  await untilLater(scene, 2_000, () => scene.settled.length === ids.length);
  await daemon.sweep();
  await daemon.stop();
  const second = scene.successor();
  await second.daemon.start();
  await second.round();
  second.later(30 * day);
  const late = mailbox.deliver();
  await settledAll(second, [late]);
  expect(firstWalks(scene)).toBe(1);
});

it("two accounts with one address, where delta fails for ever (503 ErrorServiceUnavailable): told, and listed after a quarter of an hour", async () => {
  const scene = await createFaultScene();
  const { daemon, mailbox, simulator, of, round } = scene;
  await daemon.start();
  await round();
  const mend = simulator.faults.add({ name: "two accounts", route: "delta", status: 503, graphCode: "ErrorServiceUnavailable" });
  const id = mailbox.deliver();
  await untilLater(scene, 10_000, () => of("queue:stale").length > 0);
  expect(of("queue:failed").at(-1)).toMatchObject({ code: "GRAPH_UNAVAILABLE", serviceCode: "ErrorServiceUnavailable" });
  expect(of("queue:stale")).toMatchObject([{ queue: address, why: expect.stringContaining("ErrorServiceUnavailable") }]);
  expect(daemon.status().queues[0]).toMatchObject({ stale: true });
  await untilLater(scene, 60_000, () => of("queue:recovered").length > 0);
  expect(of("queue:mode-changed")).toMatchObject([{ mode: "listing", code: "ErrorServiceUnavailable" }]);
  await settledAll(scene, [id]);
  mend();
  await untilLater(scene, 60_000, () => of("queue:mode-changed").length > 1);
  expect(of("queue:mode-changed").at(-1)).toMatchObject({ mode: "delta" });
  expect(firstWalks(scene)).toBe(1);
});
