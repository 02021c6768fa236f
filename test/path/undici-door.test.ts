/** A daemon whose one door is `undiciFetch`: sign-in through MSAL, rounds and marks over sockets. */
import { expect, it, onTestFinished } from "vitest";
import { simulatorFetch } from "../../simulator/index.js";
import { undiciFetch } from "../../src/index.js";
import { address, hostOptions, next, signedIn, simulatorWith } from "../support/host.js";

it("a queue is signed in, polled and marked through undiciFetch", async () => {
  const sim = simulatorWith();
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const subjects: string[] = [];
  const id = sim.mailbox(address).deliver({ subject: "Größe ✓" });
  const daemon = await signedIn(
    sim,
    hostOptions(sim, {
      fetch: simulatorFetch(door.url, { fetch: undiciFetch() }),
      handler: ({ message }) => void subjects.push(message.subject),
    }),
  );
  onTestFinished(() => daemon.stop());
  const marked = next(daemon, "message:marked");
  await daemon.start();
  expect(await marked).toMatchObject({ queue: address, id, outcome: "settled" });
  expect(subjects).toEqual(["Größe ✓"]);
  expect(sim.mailbox(address).message(id)?.isRead).toBe(true);
  expect(sim.log.count({ route: "token" })).toBeGreaterThan(0);
});

it("a connection that the service breaks costs a repetition, not the message", async () => {
  const sim = simulatorWith();
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const id = sim.mailbox(address).deliver({ subject: "one" });
  const delivered: string[] = [];
  const options = hostOptions(sim, {
    fetch: simulatorFetch(door.url, { fetch: undiciFetch() }),
    handler: ({ message }) => void delivered.push(message.id),
  });
  const daemon = await signedIn(sim, options);
  onTestFinished(() => daemon.stop());
  sim.faults.add({ name: "broken", route: "delta", count: 1, dropSocket: "before" });
  const settled = next(daemon, "message:settled");
  await daemon.start();
  await settled;
  expect(delivered).toEqual([id]);
  // The first one had no answer.
  expect(
    sim.log
      .entries({ route: "delta" })
      .map(({ status }) => status)
      .slice(0, 2),
  ).toEqual([undefined, 200]);
});
