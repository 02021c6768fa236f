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

test.each([{ queues: [address, other] }, { queues: [other, address] }])(
  "a sign-in that a newer version has written stops only its queue, which waits for a sign-in, in the order $queues",
  async ({ queues }) => {
    const sim = simulatorWith([address, other]);
    const store = memoryStore();
    const options = { ...hostOptions(sim), store, queues: queues.map((queue) => ({ address: queue })) };
    await (await signedIn(sim, options)).stop();
    await store.open();
    await store.commit({ puts: [{ key: ["vault", address], value: { format: 2, jwe: "newer" } }] });
    await store.close();
    await using daemon = createMailDaemon(options);
    const waiting = next(daemon, "queue:state", ({ to }) => to === "waiting-for-sign-in");
    const required = next(daemon, "queue:sign-in-required");
    const marked = next(daemon, "message:marked");
    sim.user(other).mailbox.deliver();
    await daemon.start();
    expect(await required).toMatchObject({ queue: address, code: "AUTH_VAULT_NEWER_FORMAT", who: "developer" });
    expect(await waiting).toMatchObject({ queue: address, why: expect.stringContaining("format 2") });
    expect(await marked).toMatchObject({ queue: other });
    const settled = next(daemon, "message:marked", ({ queue }) => queue === address);
    sim.user(address).mailbox.deliver();
    const refreshToken = sim.user(address).issueRefreshToken();
    expect(await daemon.signIn(address, { method: "refreshToken", refreshToken })).toMatchObject({ replaced: "AUTH_VAULT_NEWER_FORMAT" });
    await settled;
  },
);
