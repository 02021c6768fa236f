/** Counted opening. */
import { expect, it } from "vitest";
import { createLifetime } from "../../../src/state/lifetime.js";

function setUp(failures: Error[] = []) {
  const log: string[] = [];
  const lifetime = createLifetime({
    name: "test",
    async open() {
      const failure = failures.shift();
      log.push(failure ? "failed" : "opened");
      if (failure) throw failure;
    },
    async close() {
      log.push("closing");
      await Promise.resolve();
      log.push("closed");
    },
  });
  return { lifetime, log };
}

it("many holders open once and close once", async () => {
  const { lifetime, log } = setUp();
  await Promise.all([lifetime.open(), lifetime.open()]);
  await lifetime.close();
  lifetime.assertOpen();
  await lifetime.close();

  expect(() => lifetime.assertOpen()).toThrow(expect.objectContaining({ code: "STORE_NOT_OPEN" }));
  expect(log).toEqual(["opened", "closing", "closed"]);
});

it("an opening that fails leaves it closed, and the next one tries again", async () => {
  const { lifetime, log } = setUp([new Error("locked")]);
  const first = lifetime.open();
  const second = lifetime.open();
  await expect(first).rejects.toThrow("locked");
  await second;

  lifetime.assertOpen();
  expect(log).toEqual(["failed", "opened"]);
});

it("an opening during the last closing waits for its end", async () => {
  const { lifetime, log } = setUp();
  await lifetime.open();
  await Promise.all([lifetime.close(), lifetime.open()]);

  lifetime.assertOpen();
  expect(log).toEqual(["opened", "closing", "closed", "opened"]);
});
