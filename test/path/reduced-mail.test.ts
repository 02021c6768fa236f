/** Mail that Graph cannot give whole is handed over with what can be had; mail that is not there is told, once it is sure. */
import { expect, test } from "vitest";
import { clockedHost } from "../support/clocked-host.js";
import { address } from "../support/host.js";

const minute = 60_000;

test("a damaged mail is handed over without its content, flagged, and settled and marked like any other", async () => {
  const host = await clockedHost();
  const [bad, good] = host.mailbox.deliverMany([{ subject: "Broken" }, { subject: "Sound" }]) as [string, string];
  host.mailbox.damage(bad);
  await host.done(host.daemon.start());
  await host.until(() => host.told.filter(({ name }) => name === "message:marked").length === 2);
  const byId = new Map(host.handed.map((message) => [message.id, message]));
  const reduced = { code: "ErrorItemCorrupt", missing: ["body", "preview", "headers"] };
  expect(byId.get(bad)).toMatchObject({ subject: "Broken", reduced, preview: "", headers: [] });
  expect(byId.get(bad)?.from?.address).toMatch(/@example\.org$/);
  expect(byId.get(bad)).not.toHaveProperty("body");
  expect(byId.get(good)).toMatchObject({ subject: "Sound", body: { contentType: "html" } });
  expect(byId.get(good)).not.toHaveProperty("reduced");
  expect(host.told.filter(({ name }) => name === "message:reduced")).toEqual([
    { name: "message:reduced", queue: address, id: bad, ...reduced },
  ]);
  expect(host.mailbox.message(bad)?.isRead).toBe(true);
});

test("of a mail whose envelope is damaged too, what a round tells is handed over", async () => {
  const host = await clockedHost();
  const receivedAt = Math.floor((host.clock.now() - minute) / 1_000) * 1_000;
  const id = host.mailbox.deliver({ subject: "Broken", receivedAt });
  host.mailbox.damage(id, { code: "ErrorInvalidRecipients", properties: ["body", "toRecipients"] });
  await host.done(host.daemon.start());
  await host.until(() => host.handed.length === 1);
  expect(host.handed[0]).toMatchObject({
    id,
    subject: "",
    to: [],
    receivedAt: new Date(receivedAt),
    folder: "inbox",
    reduced: { code: "ErrorInvalidRecipients", missing: ["body", "preview", "headers", "envelope"] },
  });
});

test("of a mail that cannot be read at all, what the ledger knows is handed over", async () => {
  const host = await clockedHost();
  const receivedAt = Math.floor((host.clock.now() - minute) / 1_000) * 1_000;
  const id = host.mailbox.deliver({ receivedAt });
  host.mailbox.damage(id, { properties: "all" });
  await host.done(host.daemon.start());
  await host.until(() => host.handed.length === 1);
  expect(host.handed[0]).toMatchObject({ id, receivedAt: new Date(receivedAt), folder: "inbox", reduced: { code: "ErrorItemCorrupt" } });
});

test("a mail that is repaired in time is handed over whole", async () => {
  const host = await clockedHost();
  const id = host.mailbox.deliver({ subject: "Late" });
  host.mailbox.damage(id, { code: "ErrorInternalServerError" });
  await host.done(host.daemon.start());
  await host.pass(3 * minute);
  expect(host.handed).toEqual([]);
  host.mailbox.repair(id);
  await host.until(() => host.handed.length === 1);
  expect(host.handed[0]).not.toHaveProperty("reduced");
});

test("an hour of trouble of the whole mailbox reduces no mail", async () => {
  const host = await clockedHost();
  host.mailbox.deliverMany([{}, {}, {}]);
  const heal = host.sim.faults.add({ name: "trouble", route: ["message", "folder"], status: 503 });
  await host.done(host.daemon.start());
  await host.pass(60 * minute);
  expect(host.handed).toEqual([]);
  heal();
  await host.until(() => host.handed.length === 3);
  expect(host.handed.filter(({ reduced }) => reduced)).toEqual([]);
});

test("a mail that was deleted for good before it could be read is gone after fifteen minutes and a listing", async () => {
  const host = await clockedHost();
  const id = host.mailbox.deliver();
  const release = host.holdBatches();
  await host.done(host.daemon.start());
  await host.until(() => host.isHolding);
  host.mailbox.remove(id);
  release();
  await host.pass(14 * minute);
  expect(host.told).toEqual([]);
  const listings = () => host.sim.log.entries({ mailbox: address }).filter(({ route }) => route === "messages");
  expect(listings()).toEqual([]);
  await host.until(() => host.told.length > 0);
  expect(host.told).toEqual([{ name: "message:gone", queue: address, id }]);
  expect(listings()).toHaveLength(1);
  expect(host.handed).toEqual([]);
});

test("a mail that is listed but never found by its id is handed over with what the listing shows", async () => {
  const host = await clockedHost();
  const id = host.mailbox.deliver({ subject: "Listed only" });
  host.sim.faults.add({ name: "not found", route: "message", messageId: id, status: 404, graphCode: "ErrorItemNotFound" });
  await host.done(host.daemon.start());
  await host.pass(20 * minute);
  expect([host.handed.length, host.told.length]).toEqual([0, 0]);
  await host.until(() => host.handed.length === 1);
  expect(host.handed[0]).toMatchObject({
    subject: "Listed only",
    reduced: { code: "ErrorItemNotFound", missing: ["body", "preview", "headers"] },
  });
});
