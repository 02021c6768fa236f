/** Turns that go around among daemons keep to the limits of a mailbox as one daemon does: what was sent in one turn counts in the next. */
import { expect, test } from "vitest";
import { address } from "../support/host.js";
import { several } from "../support/sharing-daemons.js";

const tenMinutes = 600_000;
const often = { pollIntervalMs: 1_000, minPollIntervalMs: 1_000, startFrom: "everything" } as const;

/** The most of them in any ten minutes. */
function mostIn(times: readonly number[]): number {
  return Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + tenMinutes).length));
}

/** When the mailbox was asked; what is not its own does not count. */
function askedAt({ log }: Awaited<ReturnType<typeof several>>["sim"]): number[] {
  return log.entries({ mailbox: address }).flatMap(({ route, startedAt }) => (route === "token" || route === "me" ? [] : [startedAt]));
}

test("a mailbox is asked as much in ten minutes as it is allowed and no more, whoever has the turn", async () => {
  const { sim, clock, members } = await several(2, { limits: { mailboxRequestsPerTenMinutes: 100 }, defaults: often });
  await clock.advance(2 * tenMinutes);
  expect(mostIn(askedAt(sim))).toBe(100);
  expect(Math.min(...members.map(({ turns }) => turns))).toBeGreaterThan(20);
});

test("a mailbox that is asked half of what it is allowed has no pause, whoever has the turn", async () => {
  const { sim, clock, daemons } = await several(2, {
    limits: { mailboxRequestsPerTenMinutes: 3_000 },
    turnMaxMs: 240_000,
    defaults: { ...often, pollIntervalMs: 400, minPollIntervalMs: 400 },
  });
  const told: string[] = [];
  for (const daemon of daemons) daemon.on("queue:throttled", ({ code }) => void told.push(code));
  await clock.advance(2 * tenMinutes);
  expect(told).toEqual([]);
  // Enough that a turn tells in between what it has sent.
  expect(mostIn(askedAt(sim))).toBeGreaterThan(1_400);
});

test("what is marked as a turn ends counts in the next", async () => {
  const { sim, clock } = await several(2, {
    limits: { mailboxRequestsPerTenMinutes: 100 },
    turnMaxMs: 1_000,
    defaults: { ...often, pollIntervalMs: 500, minPollIntervalMs: 500, maxInFlight: 1 },
    handler: () => new Promise<void>((resolve) => void clock.startTimer(resolve, 900)),
  });
  sim.mailbox(address).deliverMany(Array.from({ length: 300 }, () => ({})));
  await clock.advance(2 * tenMinutes);
  const parts = sim.log.entries({ mailbox: address }).map(({ route, startedAt }) => ({ route, startedAt }));
  const times = parts.flatMap(({ route, startedAt }) => (route === "token" || route === "me" ? [] : [startedAt]));
  expect(mostIn(times)).toBeLessThanOrEqual(100);
});

test("pauses of which Graph names no end grow from turn to turn, until it answers", async () => {
  const { sim, clock, within } = await several(2, { defaults: often });
  await clock.advance(10_000);
  const gaps = () => {
    const times = sim.log.entries({ route: "delta" }).map(({ startedAt }) => startedAt);
    return times.slice(1).map((at, index) => at - (times[index] as number));
  };
  sim.log.clear();
  sim.faults.add({ name: "busy", route: "delta", status: 429, count: 10 });
  await within(3_600_000, () => sim.log.count({ route: "delta" }) === 12);
  expect(Math.min(...gaps().slice(6, 10))).toBeGreaterThan(60_000);
  sim.log.clear();
  sim.faults.add({ name: "busy again", route: "delta", status: 429, count: 1 });
  await within(3_600_000, () => sim.log.count({ route: "delta" }) === 3);
  expect(Math.max(...gaps())).toBeLessThan(10_000);
});
