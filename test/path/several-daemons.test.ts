/** Several daemons in one process: what one leaves behind must not weigh on the others. */
import { AsyncLocalStorage } from "node:async_hooks";
import { expect, onTestFinished, test, vi } from "vitest";
import { address, hostOptions, next, signedIn, simulatorWith } from "../support/host.js";

test("daemons share one asynchronous storage: Node carries each that was ever used along with every promise", async () => {
  const run = vi.spyOn(AsyncLocalStorage.prototype, "run");
  onTestFinished(() => run.mockRestore());
  for (let count = 0; count < 3; count += 1) {
    const sim = simulatorWith();
    sim.user(address).mailbox.deliver();
    const daemon = await signedIn(sim, hostOptions(sim));
    const settled = next(daemon, "message:settled");
    await daemon.start();
    await settled;
    await daemon.stop();
  }
  expect(run.mock.contexts.length).toBeGreaterThanOrEqual(3);
  expect(new Set(run.mock.contexts).size).toBe(1);
});

test("a stop inside the handler of another daemon is waited for", async () => {
  const sim = simulatorWith([address, "sales@contoso.com"]);
  const other = await signedIn(sim, hostOptions(sim, { queues: [{ address: "sales@contoso.com" }] }));
  await other.start();
  sim.user(address).mailbox.deliver();
  const states: string[] = [];
  const handler = async () => {
    await other.stop();
    states.push(other.status().state);
  };
  const daemon = await signedIn(sim, hostOptions(sim, { handler }));
  const settled = next(daemon, "message:settled");
  await daemon.start();
  await settled;
  await daemon.stop();
  expect(states).toEqual(["stopped"]);
});
