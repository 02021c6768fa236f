/** A record in the store that cannot be read stops its own queue, and says so; the others run. */
import { expect, test } from "vitest";
import { createMailDaemon, memoryStore } from "../../src/index.js";
import { address, hostOptions, next, signedIn, simulatorWith } from "../support/host.js";

const other = "sales@contoso.com";

test.each([
  { what: "a ledger entry", key: [address, "open", 1] as const, at: "start" },
  { what: "a cursor", key: [address, "cursor", "inbox"] as const, at: "the first round" },
])("$what that cannot be read stops only its queue, at $at", async ({ key }) => {
  const sim = simulatorWith([address, other]);
  const store = memoryStore();
  const options = { ...hostOptions(sim), store, queues: [{ address }, { address: other }] };
  await (await signedIn(sim, options)).stop();
  await store.open();
  await store.commit({ puts: [{ key, value: { nonsense: true } }] });
  await store.close();
  sim.user(other).mailbox.deliver();
  const daemon = createMailDaemon(options);
  const failed = next(daemon, "queue:failed");
  const marked = next(daemon, "message:marked");
  await daemon.start();
  expect(await failed).toMatchObject({ queue: address, code: "STORE_RECORD_INVALID", reason: expect.stringContaining(key.join("/")) });
  expect(await marked).toMatchObject({ queue: other });
  expect(daemon.status().queues[0]?.why).toContain("STORE_RECORD_INVALID");
  await daemon.stop();
});
