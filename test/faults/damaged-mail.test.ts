/**
 * Damaged and vanished mail, over real sockets: one case for each row of what happens in the field. Nothing is dropped:
 * what Graph cannot give whole is handed over with what can be had.
 */
import { expect, it } from "vitest";
import type { DamageOptions } from "../../simulator/index.js";
import { clockedHost } from "../support/clocked-host.js";

const minute = 60_000;
const content = ["body", "preview", "headers"];

it.each<[string, DamageOptions, readonly string[]]>([
  ["a corrupt item (ErrorItemCorrupt)", {}, content],
  ["corrupt data (ErrorCorruptData)", { code: "ErrorCorruptData" }, content],
  ["content that cannot be converted", { code: "ErrorMimeContentConversionFailed", status: 400 }, content],
  ["an attachment that cannot be opened", { code: "ErrorCannotOpenFileAttachment" }, content],
  ["a virus", { code: "ErrorVirusDetected", status: 403 }, content],
  ["enumerated but unreadable (ErrorInvalidRecipients)", { code: "ErrorInvalidRecipients", properties: "all" }, [...content, "envelope"]],
])("%s: the mail is handed over reduced and settled, and its neighbours whole", async (_, damage, missing) => {
  const host = await clockedHost({ loopback: true });
  const [, bad] = host.mailbox.deliverMany([{}, {}, {}]) as [string, string, string];
  host.mailbox.damage(bad, damage);
  await host.done(host.daemon.start());
  await host.until(() => host.told.filter(({ name }) => name === "message:settled").length === 3);
  const reduced = host.handed.filter((message) => message.reduced);
  expect(reduced.map(({ id }) => id)).toEqual([bad]);
  expect(reduced[0]?.reduced).toEqual({ code: damage.code ?? "ErrorItemCorrupt", missing });
});

it("a 500 that stays (ErrorInternalServerError): after minutes of asking the mail is handed over reduced", async () => {
  const host = await clockedHost({ loopback: true });
  const id = host.mailbox.deliver({ subject: "Too much for Exchange" });
  host.mailbox.damage(id, { code: "ErrorInternalServerError" });
  const from = host.clock.now();
  await host.done(host.daemon.start());
  await host.until(() => host.handed.length === 1);
  expect(host.clock.now() - from).toBeGreaterThan(5 * minute);
  expect(host.handed[0]).toMatchObject({
    subject: "Too much for Exchange",
    reduced: { code: "ErrorInternalServerError", missing: content },
  });
});

it("mail too big for Graph (504 of that mail alone): it is handed over without its body", async () => {
  const host = await clockedHost({ loopback: true });
  const id = host.mailbox.deliver({ subject: "Fifty megabytes" });
  host.mailbox.damage(id, { code: "UnknownError", status: 504, properties: ["body"] });
  await host.done(host.daemon.start());
  await host.until(() => host.handed.length === 1);
  expect(host.handed[0]).toMatchObject({ subject: "Fifty megabytes", reduced: { code: "UnknownError" } });
});

it("found, but a GET gives 404 for a while (replication): the mail is handed over whole, and nothing is told gone", async () => {
  const host = await clockedHost({ loopback: true });
  const id = host.mailbox.deliver();
  const arrive = host.sim.faults.add({ name: "late", route: "message", messageId: id, status: 404, graphCode: "ErrorItemNotFound" });
  await host.done(host.daemon.start());
  await host.pass(10 * minute);
  arrive();
  await host.until(() => host.handed.length === 1);
  expect(host.handed[0]).not.toHaveProperty("reduced");
  expect(host.told.map(({ name }) => name)).not.toContain("message:gone");
});

it("listed for ever, and 404 for ever: the mail is handed over with what the listing shows", async () => {
  const host = await clockedHost({ loopback: true });
  const id = host.mailbox.deliver({ subject: "Ghost" });
  host.sim.faults.add({ name: "ghost", route: "message", messageId: id, status: 404, graphCode: "ErrorItemNotFound" });
  await host.done(host.daemon.start());
  await host.until(() => host.handed.length === 1);
  expect(host.handed[0]).toMatchObject({ id, subject: "Ghost", reduced: { code: "ErrorItemNotFound", missing: content } });
  expect(host.told.map(({ name }) => name)).not.toContain("message:gone");
});

it("a 404 while listings fail: an hour of it is not believed", async () => {
  const host = await clockedHost({ loopback: true });
  const id = host.mailbox.deliver();
  const release = host.holdBatches();
  await host.done(host.daemon.start());
  await host.until(() => host.isHolding);
  host.mailbox.remove(id);
  const heal = host.sim.faults.add({ name: "no lists", route: "messages", status: 503 });
  release();
  await host.pass(60 * minute);
  expect(host.told).toEqual([]);
  heal();
  await host.until(() => host.told.length > 0);
  expect(host.told).toMatchObject([{ name: "message:gone", id }]);
});
