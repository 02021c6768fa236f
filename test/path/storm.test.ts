/** More mail of one sender than people write: told once, and by the queue's rule kept from the handler without being lost. */
import { expect, test } from "vitest";
import { clockedHost } from "../support/clocked-host.js";
import { address, hostOptions, many, next, signedIn, simulatorWith } from "../support/host.js";

const robot = { name: "Robot", address: "robot@example.org" };
const minute = 60_000;

test("a storm is told, everything is delivered, and its end is told when it has been quiet for long enough", async () => {
  const host = await clockedHost({ defaults: { storm: { messages: 5, withinMs: 5 * minute } } });
  const told: unknown[] = [];
  host.daemon.on("queue:storm", (event) => void told.push({ name: "queue:storm", ...event }));
  host.daemon.on("queue:storm-over", (event) => void told.push({ name: "queue:storm-over", ...event }));
  await host.done(host.daemon.start());
  for (let count = 0; count < 4; count += 1) {
    host.mailbox.deliverMany([{ from: robot }, { from: robot }]);
    await host.until(() => host.handed.length === 2 * count + 2);
  }
  expect(told).toMatchObject([
    { name: "queue:storm", queue: address, by: "sender", messages: 6, action: "deliver", id: host.handed[5]!.id },
  ]);
  await host.pass(4 * minute);
  expect(told).toHaveLength(1);
  await host.pass(3 * minute);
  expect(told[1]).toMatchObject({ name: "queue:storm-over", queue: address, by: "sender", messages: 8 });
  expect(JSON.stringify(told)).not.toContain("example.org");
});

test("a queue that quarantines storms hands over what is no storm yet and everybody else's mail, and the rest when it is replayed", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const at = Date.now() - minute;
  const robots = mailbox.deliverMany(Array.from({ length: 30 }, (_, index) => ({ from: robot, receivedAt: at + index * 1_000 })));
  const others = mailbox.deliverMany(Array.from({ length: 30 }, (_, index) => ({ receivedAt: at + index * 1_000 })));
  const handed: string[] = [];
  const storm = { messages: 10, withinMs: 10 * minute, action: "quarantine" } as const;
  const options = hostOptions(sim, {
    defaults: { pollIntervalMs: 50, minPollIntervalMs: 10, startFrom: "everything", storm },
    handler: ({ message }) => void handed.push(message.id),
  });
  const daemon = await signedIn(sim, options);
  const began = next(daemon, "queue:storm");
  const settled = many(daemon, "message:settled", 40);
  const quarantined = many(daemon, "message:quarantined", 20);
  await daemon.start();
  await Promise.all([settled, quarantined]);
  expect(await began).toMatchObject({ by: "sender", messages: 11, action: "quarantine", id: robots[10] });
  expect(handed.toSorted()).toEqual([...robots.slice(0, 10), ...others].toSorted());
  await expect.poll(() => daemon.status().queues[0]).toMatchObject({ waiting: 0, inFlight: 0 });
  const resting = await daemon.quarantined(address);
  expect(resting.map(({ id }) => id).toSorted()).toEqual(robots.slice(10).toSorted());
  expect(resting[0]).toMatchObject({ attempts: 0, crashes: 0, reason: "a storm: more than 10 messages of one sender within 600 s" });

  const replayed = many(daemon, "message:settled", 20);
  for (const { id } of resting) await daemon.replay(address, id);
  await replayed;
  expect(handed.toSorted()).toEqual([...robots, ...others].toSorted());
  await daemon.stop();
});
