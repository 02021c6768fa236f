/** A queue that is paused for longer than an unused sign-in lives: it goes on with the sign-in it had. */
import { expect, test } from "vitest";
import { deferred } from "../support/deferred.js";
import { settle } from "../support/manual-clock.js";
import { address, other, refusalScene } from "./refusal-scene.js";

const dayMs = 86_400_000;
/** For what is due after the jump of most of a day: keep-alive looks once an hour. */
const restMs = 1_000;

test("a queue paused before its first turn, for months, delivers mail when it is resumed, without a sign-in", async () => {
  const { process, sim, clock, done, told, until } = refusalScene([other, address]);
  const first = process();
  for (const queue of [other, address]) await first.signIn(queue);
  await done(first.daemon.stop());

  // One turn at a time, and the first is held until both queues are paused: the second queue never asks for its token.
  const paused = deferred();
  const fetch: typeof globalThis.fetch = async (input, init) => {
    await paused.promise;
    return sim.fetch(input, init);
  };
  const { daemon, state } = process({ fetch, limits: { turnsAtOnce: 1 } });
  sim.log.clear();
  await done(daemon.start());
  for (const queue of [other, address]) await daemon.pause(queue);
  paused.resolve();
  for (let day = 0; day < 120; day += 1) {
    clock.freeze(dayMs - restMs);
    await clock.advance(restMs);
    // A renewal takes real time, which the clock must not outrun by months.
    for (let turn = 0; turn < 60; turn += 1) await settle();
  }
  expect(state().state).toBe("paused");
  expect(sim.log.entries({ mailbox: address }).filter(({ route }) => route !== "token")).toEqual([]);
  await done(daemon.resume(address));
  sim.user(address).mailbox.deliver();
  const outcomes = ["message:marked", "queue:sign-in-required"];
  const outcome = () => told.find(({ name }) => outcomes.includes(name));
  await until(() => outcome() !== undefined);
  expect(outcome()).toMatchObject({ name: "message:marked", queue: address });
});
