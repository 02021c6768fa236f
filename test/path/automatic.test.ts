/** Which mail no program may answer: what the host gets says so, from the headers that Graph gives and from the sender. */
import { expect, test } from "vitest";
import { createMailDaemon } from "../../src/index.js";
import { address, hostOptions, many, signedIn, simulatorWith } from "../support/host.js";

const reply = { name: "Auto-Submitted", value: "auto-replied" };

async function verdicts(content: { readonly headers: boolean }): Promise<Record<string, unknown>> {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  mailbox.deliverMany([
    { subject: "a person" },
    { subject: "out of office", headers: [reply] },
    { subject: "a bounce", from: { address: "mailer-daemon@mail.example.org" } },
    { subject: "ourselves", from: { address } },
  ]);
  const seen: Record<string, unknown> = {};
  const options = hostOptions(sim, {
    defaults: { content, startFrom: "everything" },
    handler: ({ message }) => {
      seen[message.subject] = message.automatic?.reason;
    },
  });
  const daemon = await signedIn(sim, options);
  const settled = many(daemon, "message:settled", 4);
  await daemon.start();
  await settled;
  await daemon.stop();
  return seen;
}

test("a program's mail says by which sign it is known", async () => {
  expect(await verdicts({ headers: true })).toEqual({
    "a person": undefined,
    "out of office": "auto-reply",
    "a bounce": "delivery-report",
    ourselves: "own-address",
  });
});

test("where no headers are asked for, the sender still tells", async () => {
  expect(await verdicts({ headers: false })).toEqual({
    "a person": undefined,
    "out of office": undefined,
    "a bounce": "delivery-report",
    ourselves: "own-address",
  });
});

test("the name by which the mailbox's user signs in is its own address too", async () => {
  const sim = simulatorWith([]);
  sim.addUser({ address: "jane@contoso.com", aliases: [address] });
  sim.user("jane@contoso.com").mailbox.deliver({ from: { address: "Jane@contoso.com" } });
  const reasons: unknown[] = [];
  const options = hostOptions(sim, { handler: ({ message }) => void reasons.push(message.automatic?.reason) });
  const daemon = createMailDaemon(options);
  await daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user("jane@contoso.com").issueRefreshToken() });
  const settled = many(daemon, "message:settled", 1);
  await daemon.start();
  await settled;
  await daemon.stop();
  expect(reasons).toEqual(["own-address"]);
});

test("in the cloud in China, where Graph has no headers, a program's mail is known by its MIME", async () => {
  const sim = simulatorWith();
  const [robot, person] = sim.user(address).mailbox.deliverMany([{ headers: [reply] }, {}]);
  const seen: Record<string, unknown> = {};
  const options = hostOptions(sim, {
    app: { clientId: sim.clientId, tenantId: sim.tenantId, cloud: "china" },
    handler: ({ message }) => {
      seen[message.id] = [message.automatic?.reason, message.headers.length > 0, message.reduced];
    },
  });
  const daemon = await signedIn(sim, options);
  const settled = many(daemon, "message:settled", 2);
  await daemon.start();
  await settled;
  await daemon.stop();
  expect(seen).toEqual({ [robot!]: ["auto-reply", true, undefined], [person!]: [undefined, true, undefined] });
});
