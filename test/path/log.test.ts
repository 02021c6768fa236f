/** A daemon's log over a day of trouble: what stands in it, and that no mail and no address does. */
import { expect, onTestFinished, test } from "vitest";
import { createDaemon } from "../../src/daemon/daemon.js";
import type { Logger } from "../../src/index.js";
import { address, hostOptions, simulatorWith } from "../support/host.js";
import { createManualClock } from "../support/manual-clock.js";
import { stepping } from "../support/stepping.js";

const other = "sales@contoso.com";
const minute = 60_000;
const words = ["Unpaid-invoice", "Mrs-Miller", "cannot-book", "jane.doe"];

async function dayOfTrouble(options: { logAddresses?: boolean }) {
  const clock = createManualClock();
  const sim = simulatorWith([address, other], { now: () => clock.now() });
  const lines: { level: string; details: Record<string, unknown>; message: string }[] = [];
  const write = (level: string) => (details: object, message: string) =>
    void lines.push({ level, details: details as Record<string, unknown>, message });
  const logger: Logger = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  const daemon = createDaemon(
    hostOptions(sim, {
      queues: [{ address }, { address: other }],
      defaults: { pollIntervalMs: 30_000, startFrom: "everything", maxAttempts: 2 },
      handler: ({ message }) => {
        if (message.subject === words[0]) throw new Error(`cannot-book ${message.preview}`);
      },
      logger,
      ...options,
    }),
    clock,
  );
  const done = <T>(work: Promise<T>) => stepping(work, () => clock.advance(5));
  onTestFinished(() => done(daemon.stop({ deadlineMs: 0 })));
  await done(daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() }));
  await done(daemon.start());
  await clock.advance(minute);
  const { mailbox } = sim.user(address);
  const id = mailbox.deliver({ subject: "Unpaid-invoice", from: { name: "Mrs-Miller", address: "jane.doe@customer.example" } });
  await clock.advance(5 * minute);
  sim.faults.add({ name: "busy", mailbox: address, route: "delta", status: 429, retryAfter: 60, count: 1 });
  await clock.advance(5 * minute);
  const mend = sim.faults.add({ name: "gone", mailbox: address, route: "delta", status: 404, graphCode: "MailboxNotEnabledForRESTAPI" });
  await clock.advance(30 * minute);
  mend();
  await clock.advance(120 * minute);
  await done(daemon.stop());
  return { lines, id, of: (event: string) => lines.filter(({ details }) => details.event === event) };
}

test("each change of state has its line, with queue, ids and codes; nothing of the mail is in any, and no local part of an address", async () => {
  const { lines, id, of } = await dayOfTrouble({});
  const text = JSON.stringify(lines);
  for (const word of [...words, "support@", "sales@"]) expect(text.toLowerCase()).not.toContain(word.toLowerCase());
  const queue = expect.stringMatching(/^[\w-]{16}@contoso\.com$/);
  expect(of("queue:sign-in-required")).toMatchObject([{ level: "error", details: { queue, code: "AUTH_SIGN_IN_REQUIRED" } }]);
  expect(of("daemon:started")).toMatchObject([{ level: "info", details: { queues: 2 } }]);
  expect(of("message:quarantined")).toMatchObject([{ level: "warn", details: { queue, id, attempts: 2 } }]);
  expect(of("queue:throttled").length).toBe(1);
  expect(of("queue:stale").map(({ level }) => level)).toContain("error");
  expect(of("queue:recovered").length).toBe(1);
  const changes = of("queue:state").filter(({ level }) => level !== "debug");
  const ofFirst = changes.filter(({ details }) => details.queue === of("message:quarantined")[0]?.details.queue);
  expect(ofFirst.map(({ level, details }) => `${level} ${details.to}`)).toEqual([
    "info throttled",
    "info idle",
    "warn unavailable",
    "info idle",
    "info stopped",
  ]);
  expect(of("daemon:stopped")).toMatchObject([{ level: "info" }]);
});

test("with `logAddresses` queues stand in it by their addresses, and still nothing of the mail does", async () => {
  const { lines, of } = await dayOfTrouble({ logAddresses: true });
  expect(of("message:quarantined")).toMatchObject([{ details: { queue: address } }]);
  const text = JSON.stringify(lines);
  for (const word of words) expect(text).not.toContain(word);
});
