/** Two addresses of one mailbox are one queue too many, whichever processes have their turns. */
import { expect, it } from "vitest";
import { memoryStore } from "../../../src/index.js";
import { createSharedClaims } from "../../../src/schedule/shared-claims.js";
import { createManualClock } from "../../support/manual-clock.js";

const [support, help] = ["support@contoso.com", "help@contoso.com"];
const hourMs = 3_600_000;

async function processes() {
  const store = memoryStore();
  await store.open();
  const clock = createManualClock();
  return { clock, store, one: createSharedClaims({ store, clock }), other: createSharedClaims({ store, clock }) };
}

it("keeps a mailbox for its first queue, in every process", async () => {
  const { one, other } = await processes();
  await one.claim("user-1", support);
  await other.claim("user-1", support);
  await expect(other.claim("user-1", help)).rejects.toMatchObject({ code: "SYNC_MAILBOX_TAKEN", queue: help });
  await expect(one.claim("user-1", help)).rejects.toMatchObject({ code: "SYNC_MAILBOX_TAKEN" });
  await other.claim("user-2", help);
});

it("gives it to one of two that come at once", async () => {
  const { one, other } = await processes();
  const ends = await Promise.allSettled([one.claim("user-1", support), other.claim("user-1", help)]);
  expect(ends.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
});

it("goes on while its queue has turns, and is over three hours after the last", async () => {
  const { clock, one, other } = await processes();
  await one.claim("user-1", support);
  await clock.advance(2 * hourMs);
  await one.claim("user-1", support);
  await clock.advance(2 * hourMs);
  await expect(other.claim("user-1", help)).rejects.toMatchObject({ code: "SYNC_MAILBOX_TAKEN" });
  await clock.advance(1.1 * hourMs);
  await other.claim("user-1", help);
  await expect(one.claim("user-1", support)).rejects.toMatchObject({ code: "SYNC_MAILBOX_TAKEN" });
});

it("knows a queue again whose address is spelled in another letter case", async () => {
  const { one, other } = await processes();
  await one.claim("user-1", support);
  await other.claim("user-1", "Support@Contoso.com");
  await expect(other.claim("user-1", help)).rejects.toMatchObject({ code: "SYNC_MAILBOX_TAKEN" });
});

it("is over five minutes after its queue was removed, and goes on where another process still has the queue", async () => {
  const { clock, store, one, other } = await processes();
  await store.commit({ puts: [{ key: [support, "owner"], value: "user-1" }] });
  await one.claim("user-1", support);
  await other.claim("user-1", support);
  await one.leave("Support@contoso.com");
  await expect(one.claim("user-1", help)).rejects.toMatchObject({ code: "SYNC_MAILBOX_TAKEN" });
  await clock.advance(130_000);
  await other.claim("user-1", support);
  await clock.advance(310_000);
  await expect(one.claim("user-1", help)).rejects.toMatchObject({ code: "SYNC_MAILBOX_TAKEN" });
  await other.leave(support);
  await clock.advance(310_000);
  await one.claim("user-1", help);
  // Nothing of it is its own any more.
  await other.leave(support);
  await clock.advance(310_000);
  await expect(other.claim("user-1", support)).rejects.toMatchObject({ code: "SYNC_MAILBOX_TAKEN" });
});
