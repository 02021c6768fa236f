/** What takes one process several rounds, or a round longer than a turn, comes to its end where the turns go around too. */
import { expect, onTestFinished, test } from "vitest";
import { sleep } from "../../src/base/clock.js";
import { deferred } from "../support/deferred.js";
import { address } from "../support/host.js";
import { several } from "../support/sharing-daemons.js";

const short = { turnMaxMs: 2_000 };
const often = { pollIntervalMs: 2_000, minPollIntervalMs: 1_000 };
const seldom = { pollIntervalMs: 30_000, minPollIntervalMs: 2_000 };

test("a mail that Graph cannot give whole is handed over with what can be had, and takes nobody's place until then", async () => {
  const { sim, clock, handed, members } = await several(
    2,
    { defaults: seldom },
    {
      prepare: (one) => one.mailbox(address).damage(one.mailbox(address).deliver(), { code: "ErrorInternalServerError" }),
    },
  );
  const asked = () => sim.log.count({ route: "batch" });
  let busyMs = 0;
  for (let passed = 0; passed < 900_000 && handed.length === 0; passed += 1_000) {
    await clock.advance(1_000);
    if (sim.log.count() > 0 && members.some(({ isBusy }) => isBusy)) busyMs += 1_000;
  }
  expect(handed).toHaveLength(1);
  expect(asked()).toBeLessThan(20);
  expect(busyMs).toBeLessThan(60_000);
});

test("a mail that was deleted before it could be read is gone after fifteen minutes and a listing", async () => {
  const removed = deferred();
  const { sim, clock, daemons, within } = await several(
    2,
    { defaults: seldom },
    {
      held: (url) => (url.endsWith("$batch") ? removed.promise : undefined),
      prepare: (one) => void one.mailbox(address).deliver(),
    },
  );
  const gone: unknown[] = [];
  for (const daemon of daemons) daemon.on("message:gone", (told) => gone.push(told));
  expect(await within(60_000, () => sim.log.count({ route: "delta" }) > 0)).toBe(true);
  await clock.advance(1_000);
  for (const { id } of sim.mailbox(address).messages()) sim.mailbox(address).remove(id);
  removed.resolve();
  for (let passed = 0; passed < 3_600_000 && gone.length === 0; passed += 5_000) await clock.advance(5_000);
  expect(gone).toHaveLength(1);
});

test("mail of the last of many folders is delivered, though a round takes longer than turnMaxMs", async () => {
  const names = Array.from({ length: 12 }, (_, at) => `F${at}`);
  const { sim, handed, within } = await several(
    2,
    { ...short, queues: [{ address, folders: names }], defaults: often },
    {
      slowMs: (url) => (url.includes("delta") ? 300 : 0),
      prepare(one) {
        for (const name of names) one.mailbox(address).addFolder(name);
      },
    },
  );
  for (const name of ["F11", "F0"]) sim.mailbox(address).deliver({}, name);
  expect(await within(60_000, () => handed.length === 2)).toBe(true);
});

test("an old unread mail in a large folder is delivered where rounds are listings", async () => {
  const { handed, within } = await several(
    2,
    { ...short, defaults: { ...often, startFrom: "unread" } },
    {
      slowMs: (url) => (url.includes("messages?") ? 700 : 0),
      cloud: "china",
      prepare(one) {
        one.mailbox(address).deliver();
        one.mailbox(address).deliverMany(Array.from({ length: 4_500 }, () => ({ isRead: true })));
      },
    },
  );
  expect(await within(60_000, () => handed.length === 1)).toBe(true);
});

test("a sweep that takes longer than ten turns comes to its end", async () => {
  let slow = false;
  const { sim, clock, daemons, within } = await several(
    2,
    { ...short, defaults: { ...often, startFrom: "unread", sweepIntervalMs: 600_000 } },
    {
      slowMs: (url) => (slow && url.includes("messages?") ? 4_000 : 0),
      prepare: (one) => void one.mailbox(address).deliverMany(Array.from({ length: 5_500 }, () => ({ isRead: true }))),
    },
  );
  await clock.advance(5_000);
  slow = true;
  const swept: unknown[] = [];
  for (const daemon of daemons) daemon.on("queue:swept", (told) => swept.push(told));
  sim.mailbox(address).deliverUnseen();
  expect(await within(1_200_000, () => swept.length > 0)).toBe(true);
  expect(swept).toMatchObject([{ found: 1 }]);
});

test("a walk that is longer than a turn goes on without a gap", async () => {
  const { sim, within } = await several(
    2,
    { turnMaxMs: 5_000, defaults: { ...often, startFrom: "unread", pageSize: 50 } },
    {
      slowMs: (url) => (url.includes("delta") ? 500 : 0),
      prepare: (one) => void one.mailbox(address).deliverMany(Array.from({ length: 2_000 }, () => ({ isRead: true }))),
    },
  );
  const rounds = () => sim.log.entries({ route: "delta" });
  expect(await within(100_000, () => rounds().some(({ round }) => round === "done"))).toBe(true);
  const times = rounds().map(({ startedAt }) => startedAt);
  expect(Math.max(...times.slice(1).map((at, index) => at - (times[index] as number)))).toBeLessThan(2_000);
});

test("mail whose headers cannot be read is handed over without them", async () => {
  const { handed, within } = await several(
    2,
    { defaults: { ...seldom, startFrom: "everything" } },
    {
      prepare(one) {
        one.faults.add({ name: "sick", route: "mime", status: 503, retryAfter: 2 });
        one.mailbox(address).deliver({ headers: [] });
      },
    },
  );
  expect(await within(600_000, () => handed.length === 1)).toBe(true);
});

test.each([
  ["the mailbox is full", { name: "full", route: "patch", status: 403, code: "ErrorQuotaExceeded" }],
  ["no batch gets through", { name: "unreached", route: "batch", status: 502, code: "BadGateway" }],
] as const)("marks that cannot be made, as %s, are tried more and more seldom, and keep no turn going", async (_, fault) => {
  const { sim, clock, handed, members, within } = await several(2, { defaults: seldom });
  await clock.advance(5_000);
  const id = sim.mailbox(address).deliver();
  expect(await within(60_000, () => handed.length === 1)).toBe(true);
  sim.faults.add(fault);
  let busyMs = 0;
  const before = sim.log.count({ route: fault.route });
  for (let passed = 0; passed < 3_600_000; passed += 1_000) {
    await clock.advance(1_000);
    if (members.some(({ isBusy }) => isBusy)) busyMs += 1_000;
  }
  // As in one process: each try is four where a whole batch fails.
  const asked = sim.log.count({ route: fault.route }) - before;
  expect(sim.mailbox(address).message(id)).toMatchObject({ isRead: false });
  expect(asked).toBeGreaterThan(10);
  expect(asked).toBeLessThan(110);
  expect(busyMs).toBeLessThan(300_000);
});

test("a sweep whose steps come more seldom than a turn lasts comes to its end", async () => {
  const { clock, first, within } = await several(
    2,
    { turnMaxMs: 1_000, defaults: seldom },
    {
      prepare: (one) => void one.mailbox(address).deliverMany(Array.from({ length: 12_000 }, () => ({ isRead: true }))),
    },
  );
  await clock.advance(60_000);
  const ends: unknown[] = [];
  void first.sweep(address).then((end) => ends.push(end));
  expect(await within(60_000, () => ends.length > 0)).toBe(true);
  expect(ends).toMatchObject([{ listed: 12_000 }]);
});

test("a backlog that a turn left goes on at once in the next", async () => {
  const at: number[] = [];
  const scene = await several(
    2,
    {
      turnMaxMs: 10_000,
      defaults: { ...seldom, pollIntervalMs: 300_000, maxInFlight: 1, afterAck: { markRead: false }, startFrom: "everything" },
      handler: async () => {
        at.push(scene.clock.now());
        await sleep(scene.clock, 4_000);
      },
    },
    { prepare: (one) => void one.mailbox(address).deliverMany(Array.from({ length: 30 }, () => ({}))) },
  );
  expect(await scene.within(300_000, () => at.length === 30)).toBe(true);
  expect(Math.max(...at.slice(1).map((time, index) => time - (at[index] as number)))).toBeLessThan(7_000);
});

test("a stop waits for no answer about messages in doubt, and many of them are no leak to Node", async () => {
  const warnings: string[] = [];
  const note = ({ message }: Error) => void warnings.push(message);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  let asked = 0;
  const { clock, daemons, done, within } = await several(
    1,
    { defaults: { ...seldom, startFrom: "unread" } },
    {
      slowMs(url, body) {
        if (!url.endsWith("$batch") || !body.includes("envelope")) return 0;
        asked += 1;
        return 60_000;
      },
      prepare(one) {
        for (let count = 0; count < 18; count += 1)
          one.mailbox(address).damage(one.mailbox(address).deliver(), { code: "ErrorInternalServerError" });
      },
    },
  );
  expect(await within(900_000, () => asked > 0)).toBe(true);
  const before = clock.now();
  await done((daemons[0] as (typeof daemons)[number]).stop({ deadlineMs: 2_000 }));
  expect(clock.now() - before).toBeLessThan(5_000);
  expect(warnings).toEqual([]);
});
