import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { sharedWait } from "../../../src/base/shared-wait.js";
import { deferred } from "../../support/deferred.js";
import { settle } from "../../support/manual-clock.js";

it("gives the work's outcome and lets go of the signal", async () => {
  const { signal } = new AbortController();
  const work = deferred<number>();
  const wait = sharedWait(work.promise, signal);
  const failure = sharedWait(Promise.reject(new Error("broken")), signal);
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  work.resolve(7);
  expect(await wait).toBe(7);
  await expect(failure).rejects.toThrow("broken");
  await settle();
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

it("ends one wait by an abort, and the work and the other waits go on", async () => {
  const controller = new AbortController();
  const work = deferred<number>();
  const ended = sharedWait(work.promise, controller.signal);
  const other = sharedWait(work.promise, new AbortController().signal);
  controller.abort("mine");
  await expect(ended).rejects.toBe("mine");
  work.resolve(7);
  expect(await other).toBe(7);
});

it("ends at once when the abort came first, and a failure of the work afterwards is nobody's", async () => {
  await expect(sharedWait(Promise.reject(new Error("unheard")), AbortSignal.abort("first"))).rejects.toBe("first");
  await settle();
});

it("waits without a signal too", async () => {
  expect(await sharedWait(Promise.resolve(7), undefined)).toBe(7);
});
