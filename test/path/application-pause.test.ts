/** What many queues share of Graph's limits: a pause of all where many are refused at once, and places in a fair order. Time is the test's. */
import { expect, onTestFinished, test } from "vitest";
import type { LogEntry } from "../../simulator/index.js";
import { type Clock, sleep } from "../../src/base/clock.js";
import { createDaemon } from "../../src/daemon/daemon.js";
import type { DaemonEvents, MailDaemon, MailDaemonOptions } from "../../src/index.js";
import { hostOptions, simulatorWith } from "../support/host.js";
import { createManualClock } from "../support/manual-clock.js";
import { stepping } from "../support/stepping.js";

const addresses = (count: number, name = "queue") => Array.from({ length: count }, (_, index) => `${name}${index}@contoso.com`);

interface Life {
  readonly daemon: MailDaemon;
  readonly handed: string[];
  of<Name extends "app:throttled" | "queue:throttled">(name: Name): DaemonEvents[Name][];
  stop(): Promise<void>;
}

/** Signed-in queues; each request takes so many milliseconds on its way. */
async function manyQueues(
  queues: readonly string[],
  { latencyMs = 0, ...options }: Partial<MailDaemonOptions> & { latencyMs?: number } = {},
) {
  let underWay = 0;
  const clock = createManualClock(Date.now(), () => underWay > 0);
  const sim = simulatorWith(queues, { now: () => clock.now() });
  const fetch: typeof globalThis.fetch = async (input, init) => {
    if (latencyMs > 0) await sleep(clock, latencyMs, init?.signal ?? undefined);
    underWay += 1;
    try {
      return await sim.fetch(input, init);
    } finally {
      underWay -= 1;
    }
  };
  const given = hostOptions(sim, {
    fetch,
    queues: queues.map((address) => ({ address })),
    ...options,
    defaults: { startFrom: "everything", pollIntervalMs: 10_000, minPollIntervalMs: 10_000, ...options.defaults },
  });
  const done = <T>(work: Promise<T>) => stepping(work, () => clock.advance(10));

  function begin(): Life {
    const handed: string[] = [];
    const throttled: { name: string; payload: unknown }[] = [];
    const handler: MailDaemonOptions["handler"] = (delivery) => {
      handed.push(delivery.queue);
      return options.handler?.(delivery);
    };
    const daemon = createDaemon({ ...given, handler }, clock as Clock);
    for (const name of ["app:throttled", "queue:throttled"] as const) daemon.on(name, (payload) => void throttled.push({ name, payload }));
    const stop = () => done(daemon.stop({ deadlineMs: 0 }));
    onTestFinished(stop);
    return { daemon, handed, stop, of: (name) => throttled.filter((one) => one.name === name).map(({ payload }) => payload) as never };
  }

  const first = begin();
  for (const queue of queues) {
    const refreshToken = sim.user(queue).issueRefreshToken();
    await done(first.daemon.signIn(queue, { method: "refreshToken", refreshToken }));
  }
  return {
    clock,
    sim,
    begin,
    done,
    ...first,
    async until(condition: () => boolean) {
      while (!condition()) await clock.advance(10);
    },
    /** HTTP requests to Graph after the request of that number. */
    sent: (after = 0): LogEntry[] =>
      sim.log
        .entries()
        .filter(({ number, route, batch }) => number > after && route !== "token" && route !== "discovery" && batch === undefined),
    lastNumber: () => sim.log.entries().at(-1)?.number ?? 0,
  };
}

/** Forty queues with a mail each, six requests at once, and every round refused until the application pauses. */
async function refusedAll() {
  const queues = addresses(40);
  const scene = await manyQueues(queues, { limits: { applicationConcurrency: 6 } });
  for (const queue of queues) scene.sim.mailbox(queue).deliver();
  const end = scene.sim.faults.add({ name: "the application's limit", route: "delta", status: 429, retryAfter: 40 });
  await scene.done(scene.daemon.start());
  await scene.until(() => scene.of("app:throttled").length > 0);
  end();
  const until = scene.of("app:throttled")[0]?.until ?? Number.NaN;
  const told = scene.lastNumber();
  /** Mailboxes that were not refused themselves: what holds them back is the pause of all. */
  const others = queues.filter((queue) => !scene.sent().some(({ mailbox, status }) => mailbox === queue && status === 429));
  return Object.assign(scene, { queues, pausedUntil: until, told, others });
}

test("where Graph refuses many mailboxes at once nothing is asked of any until the pause is over, and then all have their mail", async () => {
  const scene = await refusedAll();
  const { clock, sim, daemon, queues, pausedUntil, others } = scene;
  expect(pausedUntil - clock.now()).toBeGreaterThan(39_000);
  expect(others.length).toBeGreaterThan(0);
  await scene.until(() => clock.now() >= pausedUntil - 1_000);
  expect(scene.sent(scene.told)).toEqual([]);
  expect(daemon.status().queues.map(({ state }) => state)).toEqual(queues.map(() => "throttled"));
  expect(scene.handed).toEqual([]);

  await scene.until(() => scene.handed.length === queues.length);
  expect(scene.handed.toSorted()).toEqual(queues.toSorted());
  expect(scene.of("app:throttled")).toEqual([{ until: pausedUntil, code: "ManyMailboxesThrottled" }]);
  expect(scene.sent(scene.told)[0]?.startedAt).toBeGreaterThanOrEqual(pausedUntil);
  expect(sim.log.knockedWhileBarred()).toEqual([]);
});

test("the pause of all is kept over a restart, for mailboxes that were not refused themselves as well", async () => {
  const scene = await refusedAll();
  const { clock, queues, pausedUntil, others } = scene;
  expect(others.length).toBeGreaterThan(0);
  await scene.stop();
  await clock.advance(10_000);
  const second = scene.begin();
  await scene.done(second.daemon.start());
  await scene.until(() => second.handed.length === queues.length);
  expect(scene.sent(scene.told)[0]?.startedAt).toBeGreaterThanOrEqual(pausedUntil);
  expect(second.handed.toSorted()).toEqual(queues.toSorted());
  expect(scene.sim.log.knockedWhileBarred()).toEqual([]);
});

test("one mailbox that is refused again and again holds up itself alone", async () => {
  const queues = addresses(12);
  const [sick, ...well] = queues as [string, ...string[]];
  const scene = await manyQueues(queues);
  scene.sim.faults.add({ name: "sick", mailbox: sick, route: "delta", status: 429, retryAfter: 20 });
  await scene.done(scene.daemon.start());
  for (const round of [1, 2, 3, 4]) {
    for (const queue of queues) scene.sim.mailbox(queue).deliver();
    await scene.until(() => scene.handed.length === round * well.length);
    await scene.until(() => scene.of("queue:throttled").length > round);
  }
  expect(scene.of("queue:throttled").every(({ queue }) => queue === sick)).toBe(true);
  expect(scene.of("app:throttled")).toEqual([]);
  expect(scene.handed).not.toContain(sick);
  expect(scene.sim.log.knockedWhileBarred()).toEqual([]);
});

/** One place for the whole application, ten queues that walk old mail, and a quiet one. */
async function walking() {
  const backlog = addresses(10, "backlog");
  const quiet = "quiet@contoso.com";
  const scene = await manyQueues([...backlog, quiet], {
    latencyMs: 100,
    limits: { applicationConcurrency: 1 },
    defaults: { startFrom: "now", pageSize: 10, pollIntervalMs: 3_600_000, minPollIntervalMs: 3_600_000 },
  });
  for (const queue of backlog)
    scene.sim.mailbox(queue).deliverMany(Array.from({ length: 1_000 }, () => ({ receivedAt: scene.clock.now() - 86_400_000 })));
  await scene.done(scene.daemon.start());
  await scene.until(() => scene.daemon.status().queues.at(-1)?.state === "idle");
  await scene.until(() =>
    backlog.every((queue) => scene.sent().filter(({ mailbox, route }) => mailbox === queue && route === "delta").length > 2),
  );
  return Object.assign(scene, {
    backlog,
    quiet,
    /** How many requests begin after that one, until there is one of that route of the quiet queue, itself included. */
    async untilSent(route: LogEntry["route"], after: number) {
      const place = () => scene.sent(after).findIndex((entry) => entry.mailbox === quiet && entry.route === route);
      await scene.until(() => place() >= 0);
      return place() + 1;
    },
  });
}

test("where places are few a host's pollNow and marks go before the backlog of all others, which goes on", async () => {
  const { sim, daemon, quiet, backlog, until, untilSent, lastNumber, sent } = await walking();
  const begun = lastNumber();
  let settledAt = 0;
  daemon.on("message:settled", () => {
    settledAt = lastNumber();
  });
  const places: { readonly polled: number; readonly marked: number }[] = [];
  for (let time = 0; time < 8; time += 1) {
    const id = sim.mailbox(quiet).deliver();
    settledAt = 0;
    const polling = daemon.pollNow(quiet);
    const polled = await untilSent("delta", lastNumber());
    await until(() => settledAt > 0);
    const marked = await untilSent("batch", settledAt);
    places.push({ polled, marked });
    await until(() => sim.mailbox(quiet).message(id)?.isRead === true);
    await polling;
  }
  // One is under way, and of eight one is of the backlog all the same; marks wait for others for as long as one request takes.
  expect(Math.max(...places.map(({ polled }) => polled))).toBeLessThanOrEqual(3);
  expect(Math.max(...places.map(({ marked }) => marked))).toBeLessThanOrEqual(4);
  // The backlog was there all the time, and had its turns.
  const walks = sent(begun).filter(({ mailbox }) => mailbox !== quiet);
  expect(walks.filter(({ round }) => round === "done")).toEqual([]);
  expect(new Set(walks.map(({ mailbox }) => mailbox)).size).toBe(backlog.length);
});

test("a round that nobody waits for has its turn after one of every other queue", async () => {
  const { daemon, quiet, backlog, untilSent, lastNumber } = await walking();
  daemon.pause(quiet);
  const asked = lastNumber();
  daemon.resume(quiet);
  const place = await untilSent("delta", asked);
  expect(place).toBeGreaterThan(5);
  expect(place).toBeLessThanOrEqual(backlog.length + 2);
});
