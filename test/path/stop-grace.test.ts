/** What is under way at a stop has a second for its answer: the stop waits for it, and begins nothing meanwhile. Time is the test's. */
import { expect, onTestFinished, test } from "vitest";
import { type Clock, sleep } from "../../src/base/clock.js";
import { createDaemon } from "../../src/daemon/daemon.js";
import type { MailDaemonOptions } from "../../src/index.js";
import { deferred } from "../support/deferred.js";
import { address, hostOptions, simulatorWith } from "../support/host.js";
import { createManualClock } from "../support/manual-clock.js";
import { stepping } from "../support/stepping.js";

/** A queue whose requests to such paths take so long on their way there, or their answers on the way `back`. */
async function slowQueue({
  slow,
  ms = 800,
  back = false,
  ...options
}: Partial<MailDaemonOptions> & { slow: RegExp; ms?: number; back?: boolean }) {
  let underWay = 0;
  const clock = createManualClock(Date.now(), () => underWay > 0);
  const sim = simulatorWith([address], { now: () => clock.now() });
  const scene = { slowSent: 0, isSlow: true };
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const isSlow = scene.isSlow && slow.test(String(input));
    if (isSlow) scene.slowSent += 1;
    const travel = () => sleep(clock, ms, init?.signal ?? undefined);
    if (isSlow && !back) await travel();
    underWay += 1;
    const answer = await sim.fetch(input, init).finally(() => {
      underWay -= 1;
    });
    if (isSlow && back) await travel();
    return answer;
  };
  const given = hostOptions(sim, { fetch, ...options });
  const done = <T>(work: Promise<T>) => stepping(work, () => clock.advance(10));
  async function begin() {
    const daemon = createDaemon(given, clock as Clock);
    onTestFinished(() => done(daemon.stop({ deadlineMs: 0 })));
    return daemon;
  }
  const daemon = await begin();
  await done(daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() }));
  const until = async (condition: () => boolean) => {
    while (!condition()) await clock.advance(10);
  };
  return Object.assign(scene, { clock, sim, daemon, begin, done, until });
}

test.each([
  ["has not reached Graph yet", false],
  ["is answered, and the answer under way", true],
])("a pause that the answer to a given-up read asks for is kept over a restart: the read %s", async (_, back) => {
  const scene = await slowQueue({
    slow: /\$batch/,
    back,
    defaults: { pollIntervalMs: 10_000, minPollIntervalMs: 10_000, startFrom: "unread" },
  });
  const { sim, clock, daemon, done, until } = scene;
  sim.mailbox(address).deliver();
  sim.faults.add({ name: "busy", route: "batch", count: 1, status: 429, retryAfter: 60 });
  await done(daemon.start());
  await until(() => scene.slowSent === 1);
  await done(daemon.stop({ deadlineMs: 0 }));
  scene.isSlow = false;
  await clock.advance(1_000);
  const second = await scene.begin();
  await done(second.start());
  await clock.advance(30_000);
  expect(sim.log.knockedWhileBarred()).toEqual([]);
});

test("nothing is handed over while the round that was under way has its second", async () => {
  const works = [deferred(), deferred()];
  const handed: string[] = [];
  const scene = await slowQueue({
    slow: /delta.*(token|skip)/i,
    defaults: { pollIntervalMs: 50, minPollIntervalMs: 50, startFrom: "everything", maxInFlight: 1 },
    handler: async ({ message }) => {
      handed.push(message.id);
      await works[handed.length - 1]?.promise;
    },
  });
  const { sim, clock, daemon, done, until } = scene;
  sim.mailbox(address).deliverMany([{}, {}]);
  await done(daemon.start());
  await until(() => handed.length === 1 && scene.slowSent > 0);
  const sent = scene.slowSent;
  await until(() => scene.slowSent > sent);
  const stopped = daemon.stop({ deadlineMs: 5_000 });
  works[0]?.resolve();
  await clock.advance(500);
  const meanwhile = handed.length;
  works[1]?.resolve();
  await done(stopped);
  expect(meanwhile).toBe(1);
});

test("a host that gives up a list of attachments does not wait for its answer", async () => {
  const given = new AbortController();
  const ends: unknown[] = [];
  const scene = await slowQueue({
    slow: /\/attachments/,
    handler: ({ message }) => message.attachments({ signal: given.signal }).catch((error: unknown) => ends.push(error)),
  });
  const { sim, clock, daemon, done, until } = scene;
  sim.mailbox(address).deliver();
  await done(daemon.start());
  await until(() => scene.slowSent === 1);
  given.abort("the host has no time");
  await clock.advance(10);
  expect(ends).toEqual(["the host has no time"]);
  await done(daemon.stop());
});
