/** The ticket service, from the mailbox to the ticket, with the network stubbed by nock and time by vitest. */
import nock from "nock";
import { afterAll, expect, test } from "vitest";
import { createStage, ticketApi } from "./stage.js";

afterAll(() => nock.restore());

test("a mail becomes one ticket, and is marked as read", async () => {
  const { stub, mailbox, pass } = await createStage();
  const marked = stub.expect({ route: "mark", times: 1 });
  const ticket = nock(ticketApi).post("/tickets", { subject: "Where is my parcel?", from: "anna@example.org" }).reply(201);
  const id = mailbox.deliver({ subject: "Where is my parcel?", from: { address: "anna@example.org" } });
  await pass(60);
  expect(ticket.isDone()).toBe(true);
  expect(marked.isMet).toBe(true);
  expect(mailbox.message(id)?.isRead).toBe(true);
  stub.done();
});

test("an out-of-office note becomes no ticket", async () => {
  const { stub, mailbox, pass } = await createStage();
  stub.expect({ route: "mark", times: 1 });
  mailbox.deliver({ headers: [{ name: "Auto-Submitted", value: "auto-replied" }] });
  await pass(60);
  // A ticket would have been a request to a host that nobody answers for.
  stub.done();
});

test("while the ticket API is down the mail waits, and comes again with the same key", async () => {
  const { stub, mailbox, pass } = await createStage();
  const keys: string[] = [];
  const keep = (key: string) => keys.push(key) > 0;
  nock(ticketApi).post("/tickets").matchHeader("idempotency-key", keep).reply(503);
  const ticket = nock(ticketApi).post("/tickets").matchHeader("idempotency-key", keep).reply(201);
  mailbox.deliver();
  await pass(120);
  expect(ticket.isDone()).toBe(true);
  expect(new Set(keys).size).toBe(1);
  stub.done();
});

test("what the ticket API will never take rests in quarantine, unread", async () => {
  const { stub, mailbox, service, pass } = await createStage();
  stub.expect({ route: "mark", times: 0 });
  nock(ticketApi).post("/tickets").reply(422);
  const id = mailbox.deliver();
  await pass(60);
  expect(await service.quarantined("support@contoso.com")).toMatchObject([{ id }]);
  expect(mailbox.message(id)?.isRead).toBe(false);
  stub.done();
});

test("while Graph asks for a pause nothing is asked, and the mail comes after it", async () => {
  const { stub, mailbox, pass } = await createStage();
  stub.expect({ route: "delta", fail: { status: 429, retryAfter: 600 } });
  const ticket = nock(ticketApi).post("/tickets").reply(201);
  await pass(60);
  mailbox.deliver();
  const early = stub.expect({ route: "delta" });
  await pass(300);
  expect([early.count, ticket.isDone()]).toEqual([0, false]);
  await pass(400);
  expect(ticket.isDone()).toBe(true);
  stub.done();
});
