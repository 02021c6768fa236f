/** The way to a Redis server, over a connection that the test makes; the real one is tested with its own server. */
import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import type { RedisConnection } from "../../../src/base/redis-library.js";
import { createRedisLink } from "../../../src/state/redis-link.js";
import { createManualClock } from "../../support/manual-clock.js";

test("a connection on which many wait for an answer in vain is given up once, and again only after it has closed", async () => {
  const clock = createManualClock(0);
  const given: unknown[] = [];
  const connection = Object.assign(new EventEmitter(), {
    status: "ready",
    connect: async () => undefined,
    disconnect(again?: boolean) {
      given.push(again);
      if (!again) connection.emit("end");
    },
  });
  const link = createRedisLink({ name: "redis:test", clock, timeoutMs: 1_000, connect: () => connection as unknown as RedisConnection });
  await link.open();
  const silence = () => link.run(() => new Promise(() => {})).catch(({ code }) => code);
  const asked = Promise.all(Array.from({ length: 20 }, silence));
  await clock.advance(1_000);
  expect(await asked).toEqual(Array(20).fill("STORE_UNAVAILABLE"));
  expect(given).toEqual([true]);
  connection.emit("close");
  connection.emit("ready");
  const askedAgain = silence();
  await clock.advance(1_000);
  expect(await askedAgain).toBe("STORE_UNAVAILABLE");
  expect(given).toEqual([true, true]);
  await link.close();
});
