/** A queue that is paused for longer than an unused sign-in lives: it goes on with the sign-in it had. */
import { expect, test } from "vitest";
import { settle } from "../support/manual-clock.js";
import { address, refusalScene } from "./refusal-scene.js";

const dayMs = 86_400_000;
/** For what is due after the jump of most of a day: keep-alive looks once an hour. */
const restMs = 1_000;

test("a queue paused before it has had a token, for months, delivers mail when it is resumed, without a sign-in", async () => {
  const { process, sim, clock, done, told, until } = refusalScene([address]);
  const first = process();
  await first.signIn();
  await done(first.daemon.stop());

  // The access token of then has ended, and the network is down until the queue is paused.
  clock.freeze(dayMs / 4);
  let isDown = true;
  const fetch: typeof globalThis.fetch = async (input, init) => {
    if (isDown) throw new TypeError("fetch failed");
    return sim.fetch(input, init);
  };
  const { daemon, state } = process({ fetch });
  sim.log.clear();
  await done(daemon.start());
  await until(() => told.some(({ name }) => name === "queue:failed"));
  await daemon.pause(address);
  isDown = false;
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
