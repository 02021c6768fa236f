/** The whole floor against a Graph that throttles at random: never more than four at once, never a knock during a pause, every call ends. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Fault } from "../../../simulator/index.js";
import { MailError } from "../../../src/base/errors.js";
import { sendBatch } from "../../../src/graph/batch.js";
import { expectTrespass } from "../../support/zeros/watch.js";
import { immutable, setUp } from "./set-up.js";

const fault: fc.Arbitrary<Omit<Fault, "name">> = fc.oneof(
  fc.record({ status: fc.constant(429), retryAfter: fc.constantFrom<number | string>(0, 0.5, 1, 2.128, 7, 20, "soon") }),
  fc.record({ status: fc.constantFrom(429, 503, 500, 401, 404, 412) }),
  fc.record({ dropSocket: fc.constantFrom("before" as const, "after" as const) }),
);
const aimed = fc.record({
  fault,
  route: fc.constantFrom("message" as const, "batch" as const, "delta" as const),
  after: fc.nat(6),
  count: fc.integer({ min: 1, max: 4 }),
});
const call = fc.record({ kind: fc.constantFrom("page" as const, "batch" as const), startsAfterMs: fc.nat(4_000) });

it("keeps to four at once and to every pause, and answers or fails every call with an error of ours", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.array(aimed, { maxLength: 5 }),
      fc.array(call, { minLength: 1, maxLength: 14 }),
      async (seed, faults, calls) => {
        const set = await setUp({ seed });
        const { sim, client, mailbox, mail, clock } = set;
        const ids = mail.deliverMany(Array.from({ length: 6 }, () => ({})));
        for (const { fault: what, ...where } of faults) sim.faults.add({ name: "trouble", ...where, ...what });
        const parts = ids.map((id, index) => ({
          id: String(index),
          method: "GET" as const,
          path: `/me/messages/${encodeURIComponent(id)}?$select=id`,
          prefer: immutable,
        }));
        const ask = (kind: "page" | "batch") =>
          kind === "batch"
            ? sendBatch(client, mailbox, { parts, what: "reading" })
            : client.call(mailbox, { method: "GET", target: "/me/mailFolders/inbox/messages/delta", what: "a page" });
        const outcomes = calls.map(
          ({ kind, startsAfterMs }) =>
            new Promise<unknown>((resolve, reject) => clock.startTimer(() => void ask(kind).then(resolve, reject), startsAfterMs)),
        );
        const ends = await set.inTime(Promise.allSettled(outcomes));
        for (const end of ends) if (end.status === "rejected") expect(end.reason).toBeInstanceOf(MailError);
        expect(sim.log.mostAtOnce()).toBeLessThanOrEqual(4);
        expect(sim.log.knockedWhileBarred()).toEqual([]);
        expect(clock.pending()).toBe(0);
      },
    ),
    { numRuns: 40 },
  );
});

it("the simulator's log would show a fifth at once, and a knock during a pause", async () => {
  expectTrespass("it asks by itself, past the gate");
  const { sim, network, clock, secrets } = await setUp();
  const headers = { authorization: `Bearer ${secrets[0]}` };
  const ask = () => network.fetch("https://graph.microsoft.com/v1.0/me/mailFolders/inbox/messages/delta", { headers });
  await Promise.all(Array.from({ length: 5 }, ask));
  expect(sim.log.mostAtOnce()).toBe(5);
  clock.freeze(101);
  await ask();
  expect(sim.log.knockedWhileBarred()).toHaveLength(1);
});
