/** The time of day is set while requests are held back: a pause is no shorter and no longer for it, and nothing stops. */
import { expect, test } from "vitest";
import { sleep } from "../../../src/base/clock.js";
import { MailError } from "../../../src/base/errors.js";
import { createGate } from "../../../src/graph/gate.js";
import { createGovernor } from "../../../src/graph/governor.js";
import { retrying } from "../../../src/graph/retry.js";
import { createManualClock } from "../../support/manual-clock.js";

const hour = 3_600_000;

function createScene({ requestsPerTenSeconds = 130_000 } = {}) {
  const clock = createManualClock();
  const governor = createGovernor({ clock, concurrency: 1_000, requestsPerTenSeconds });
  const gate = createGate({ clock, queue: "support@contoso.com", width: 4, governor });
  const sent: number[] = [];
  const send = () => gate.run(() => gate.send(async () => void sent.push(clock.ticks())));
  return { clock, governor, gate, sent, send };
}

test.each([
  ["forward", hour],
  ["back", -hour],
])("set %s during a pause of a mailbox", async (_, ms) => {
  const { clock, gate, sent, send } = createScene();
  gate.bar({ until: clock.now() + 10_000, code: "TooManyRequests" });
  clock.set(ms);
  const sending = send();
  await clock.advance(9_999);
  expect(sent).toEqual([]);
  expect(gate.barredUntil).toBe(clock.now() + 1);
  await clock.advance(1);
  await sending;
  expect(sent).toEqual([10_000]);
});

test.each([
  ["forward", hour],
  ["back", -hour],
])("set %s during a pause of all", async (_, ms) => {
  const { clock, governor, sent, send } = createScene();
  governor.keep({ until: clock.now() + 10_000, code: "ManyMailboxesThrottled" });
  clock.set(ms);
  const sending = send();
  await clock.advance(9_999);
  expect(sent).toEqual([]);
  await clock.advance(1);
  await sending;
  expect(sent).toEqual([10_000]);
});

test("set back an hour, what was sent before counts no longer than else", async () => {
  const { clock, sent, send } = createScene({ requestsPerTenSeconds: 100 });
  await send();
  clock.set(-hour);
  for (let second = 0; second < 600; second += 1) {
    await send();
    await clock.advance(1_000);
  }
  expect(sent).toHaveLength(601);
});

test.each([
  ["forward", hour],
  ["back", -hour],
])("set %s between two tries of a call, three minutes stay three minutes", async (_, ms) => {
  const { clock } = createScene();
  const tries: number[] = [];
  const call = retrying(
    async () => {
      tries.push(clock.ticks());
      if (tries.length === 1) clock.set(ms);
      await sleep(clock, 100_000);
      throw new MailError("GRAPH_TIMEOUT", "no answer");
    },
    { clock },
  );
  const outcome = expect(call).rejects.toMatchObject({ code: "GRAPH_TIMEOUT" });
  await clock.advance(600_000);
  await outcome;
  expect(tries.length).toBe(2);
});
