/** One delivery by itself: who settles it first, and when its time is over. */
import { expect, test } from "vitest";
import { clouds } from "../../../src/base/cloud.js";
import { ConfigError, MailError } from "../../../src/base/errors.js";
import { createDelivery, type Verdict } from "../../../src/delivery/delivery.js";
import type { MarkAbilities } from "../../../src/mailbox/mark.js";
import { deferred } from "../../support/deferred.js";
import { createManualClock, settle } from "../../support/manual-clock.js";
import { queue, queueKey } from "./set-up.js";

function createScene({
  settleWith = () => Promise.resolve(),
  abilities = clouds.global,
}: {
  settleWith?: () => Promise<void>;
  abilities?: MarkAbilities;
} = {}) {
  const clock = createManualClock();
  const verdicts: Verdict[] = [];
  const { delivery, end, abort } = createDelivery({
    queue,
    message: { id: "m1" } as never,
    attempt: 3,
    key: `${queueKey}/m1`,
    clock,
    handlerTimeoutMs: 1_000,
    abilities,
    settle(verdict) {
      verdicts.push(verdict);
      return settleWith();
    },
  });
  return { clock, verdicts, delivery, end, abort };
}

test("the first settlement wins, and all others say so, the daemon's own too", async () => {
  const { delivery, end, verdicts } = createScene();
  const results = await Promise.all([delivery.reject("spam"), delivery.ack(), delivery.retry(), end({ kind: "ack" })]);
  expect(results).toEqual(["settled", "already", "already", "already"]);
  expect(verdicts).toEqual([{ kind: "reject", error: "spam" }]);
});

test("a mark for this message goes with the settlement, and without one there is none", async () => {
  const acked = createScene();
  await acked.delivery.ack({ moveTo: "Done/2026", createFolder: true, markRead: false });
  const rejected = createScene();
  await rejected.delivery.reject("spam", { moveTo: false, delete: "permanently" });
  const plain = createScene();
  await plain.delivery.ack();
  expect([...acked.verdicts, ...rejected.verdicts, ...plain.verdicts]).toEqual([
    { kind: "ack", mark: { moveTo: "Done/2026", createFolder: true, markRead: false } },
    { kind: "reject", error: "spam", mark: { moveTo: false, delete: "permanently" } },
    { kind: "ack" },
  ]);
});

test.each([
  [{ moveTo: "" }, "mark.moveTo"],
  [{ moveTo: "a//b" }, "mark.moveTo"],
  [{ moveTo: "50%" }, "mark.moveTo"],
  [{ delete: "for ever" }, "mark.delete"],
  [{ delete: true, moveTo: "archive" }, "mark"],
  [{ markRead: "yes" }, "mark.markRead"],
  [{ colour: "red" }, "mark.colour"],
  ["archive", "mark"],
])("a mark that cannot be (%j) is refused by its name, and nothing is settled", async (mark, name) => {
  const { delivery, verdicts } = createScene();
  for (const settled of [delivery.ack(mark as never), delivery.reject("spam", mark as never)]) {
    const error = await settled.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining(`\`${name}\``) });
  }
  expect(verdicts).toEqual([]);
  await delivery.ack();
  expect(verdicts).toEqual([{ kind: "ack" }]);
});

test.each([
  [clouds.usGovHigh, { delete: "permanently" }, "mark.delete"],
  [clouds.china, { flag: true }, "mark.flag"],
] as const)("a mark that the cloud cannot make is refused, and nothing is settled", async (abilities, mark, name) => {
  const { delivery, verdicts } = createScene({ abilities });
  await expect(delivery.ack(mark)).rejects.toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining(name) });
  expect(verdicts).toEqual([]);
});

test("no settlement resolves before the first is durable", async () => {
  const durable = deferred();
  const { delivery } = createScene({ settleWith: () => durable.promise });
  const resolved: string[] = [];
  void delivery.ack().then((result) => resolved.push(result));
  void delivery.ack().then((result) => resolved.push(result));
  await settle();
  expect(resolved).toEqual([]);
  durable.resolve();
  await settle();
  expect(resolved).toEqual(["settled", "already"]);
});

test("a settlement that fails fails for all who settled", async () => {
  const lost = new MailError("LIFECYCLE_LOST_QUEUE", "Lost.");
  const { delivery } = createScene({ settleWith: () => Promise.reject(lost) });
  await expect(delivery.ack()).rejects.toBe(lost);
  await expect(delivery.retry()).rejects.toBe(lost);
});

test("what retry and reject are told reaches the ledger", async () => {
  const retried = createScene();
  await retried.delivery.retry({ afterMs: 5, reason: "busy" });
  const plain = createScene();
  await plain.delivery.retry();
  expect([...retried.verdicts, ...plain.verdicts]).toEqual([
    { kind: "retry", afterMs: 5, error: "busy" },
    { kind: "retry", afterMs: undefined, error: "the handler asked for another attempt" },
  ]);
});

test("a handler past its time has its signal aborted with the reason, once", async () => {
  const { delivery, clock, verdicts } = createScene();
  await clock.advance(999);
  expect(delivery.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(delivery.signal.reason).toMatchObject({ code: "DELIVERY_TIMED_OUT", queue, messageId: "m1" });
  expect(verdicts).toEqual([]);
});

test("a late end counts for one more time-out, and after that it is a retry", async () => {
  const late = createScene();
  await late.clock.advance(1_999);
  expect(await late.end({ kind: "ack" })).toBe("settled");
  const never = createScene();
  await never.clock.advance(2_000);
  expect(never.verdicts).toEqual([{ kind: "retry", error: expect.stringContaining("1000 ms") }]);
  expect(await never.end({ kind: "ack" })).toBe("already");
  expect([late.clock.pending(), never.clock.pending()]).toEqual([0, 0]);
});

test("a failing end after the time-outs is no unhandled rejection", async () => {
  const { clock } = createScene({ settleWith: () => Promise.reject(new MailError("LIFECYCLE_LOST_QUEUE", "Lost.")) });
  await clock.advance(5_000);
  expect(clock.pending()).toBe(0);
});

test("extend gives the handler that much time from now", async () => {
  const { delivery, clock } = createScene();
  await clock.advance(900);
  delivery.extend(5_000);
  await clock.advance(4_999);
  expect(delivery.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(delivery.signal.aborted).toBe(true);
});

test("extend can shorten the time, and has no effect once it is over or the message is settled", async () => {
  const short = createScene();
  short.delivery.extend(10);
  await short.clock.advance(10);
  expect(short.delivery.signal.aborted).toBe(true);
  short.delivery.extend(60_000);
  await short.clock.advance(1_000);
  expect(short.verdicts.length).toBe(1);

  const settled = createScene();
  await settled.delivery.ack();
  settled.delivery.extend(1_000);
  expect(settled.clock.pending()).toBe(0);
});

test.each([Number.NaN, 0, -1, Number.POSITIVE_INFINITY, 2 ** 31, "60000"])("extend refuses %s and leaves the time as it is", async (ms) => {
  const { delivery, clock } = createScene();
  await clock.advance(500);
  expect(() => delivery.extend(ms as number)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  await clock.advance(499);
  expect(delivery.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(delivery.signal.aborted).toBe(true);
});

test("its timers end with the settlement, whoever made it and however late it becomes durable", async () => {
  const durable = deferred();
  const { delivery, clock } = createScene({ settleWith: () => durable.promise });
  expect(clock.pending()).toBe(1);
  const acked = delivery.ack();
  expect(clock.pending()).toBe(0);
  await clock.advance(5_000);
  expect(delivery.signal.aborted).toBe(false);
  durable.resolve();
  expect(await acked).toBe("settled");
});
