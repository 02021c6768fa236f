/** Calls over a real loopback server: connections that break, answers that are cut, and what was done all the same. */
import { expect, it, onTestFinished } from "vitest";
import { simulatorFetch } from "../../../simulator/index.js";
import { rejected } from "../../support/rejection.js";
import { setUp } from "./set-up.js";

const page = { method: "GET", target: "/me/mailFolders/inbox/messages/delta", what: "a page" } as const;

/** The mailbox of the simulator, reached over sockets. */
async function overSockets() {
  const set = await setUp();
  const door = await set.sim.listen();
  onTestFinished(() => door.close());
  set.network.fetch = simulatorFetch(door.url);
  /** As `inTime`, with the network's own time: the clock moves only while nothing is under way. */
  async function answered<T>(work: Promise<T>): Promise<T> {
    let ended = false;
    const mark = () => {
      ended = true;
    };
    work.then(mark, mark);
    while (!ended) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      // One timer is the deadline of a request under way; without a request, timers are waits between tries.
      if (!ended && set.sent.length === set.sim.log.entries().filter(({ endedAt }) => endedAt !== undefined).length)
        await set.clock.advance(10);
    }
    return work;
  }
  return { ...set, answered };
}

it("a call reaches the simulator through a socket", async () => {
  const { client, mailbox, sim } = await overSockets();
  expect((await client.call(mailbox, page)).status).toBe(200);
  expect(sim.log.count({ route: "delta" })).toBe(1);
});

it("a connection that breaks is tried again", async () => {
  const { client, mailbox, sim, answered } = await overSockets();
  sim.faults.add({ name: "broken", route: "delta", count: 2, dropSocket: "before" });
  expect((await answered(client.call(mailbox, page))).status).toBe(200);
  expect(sim.log.count({ route: "delta" })).toBe(3);
});

it("a connection that always breaks is GRAPH_UNREACHABLE, without a token in the error", async () => {
  const { client, mailbox, sim, answered, secrets } = await overSockets();
  sim.faults.add({ name: "broken", route: "delta", dropSocket: "before" });
  expect((await rejected(answered(client.call(mailbox, page)), { secrets })).code).toBe("GRAPH_UNREACHABLE");
  expect(sim.log.count({ route: "delta" })).toBe(4);
});

it("a change whose answer was lost is made again, and is made once as far as anybody sees", async () => {
  const { client, mailbox, sim, mail, answered } = await overSockets();
  const id = mail.deliver();
  sim.faults.add({ name: "lost", route: "patch", count: 1, dropSocket: "after" });
  const target = `/me/messages/${encodeURIComponent(id)}`;
  expect((await answered(client.call(mailbox, { method: "PATCH", target, body: { isRead: true }, what: "it" }))).status).toBe(200);
  expect(sim.log.count({ route: "patch" })).toBe(2);
  expect(mail.message(id)?.isRead).toBe(true);
});
