/** How long a write is repeated, and what ends that. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { insisting } from "../../../src/delivery/insist.js";
import { deferred } from "../../support/deferred.js";
import { createManualClock, settle } from "../../support/manual-clock.js";
import { away } from "../../support/troubled-store.js";

test("a store that is away is asked again, later and later, until it takes the write", async () => {
  const clock = createManualClock();
  const asked: number[] = [];
  const done = insisting(
    async () => {
      asked.push(clock.now());
      if (asked.length < 10) throw away();
      return "written";
    },
    { clock, signal: new AbortController().signal },
  );
  await clock.advance(600_000);
  expect(await done).toBe("written");
  const pauses = asked.slice(1).map((at, index) => at - asked[index]!);
  expect(pauses.slice(0, 4)).toEqual([188, 375, 750, 1_500]);
  expect(Math.max(...pauses)).toBe(7_500);
  expect(clock.pending()).toBe(0);
});

test.each(["LIFECYCLE_LOST_QUEUE", "STORE_NOT_OPEN", "STORE_INVALID_ARGUMENT"] as const)("%s is not asked again", async (code) => {
  const clock = createManualClock();
  let count = 0;
  const done = insisting(
    async () => {
      count += 1;
      throw new MailError(code, "No.");
    },
    { clock, signal: new AbortController().signal },
  );
  await expect(done).rejects.toMatchObject({ code });
  expect([count, clock.pending()]).toEqual([1, 0]);
});

test("an abort ends the wait and a write under way, and nothing is begun after it", async () => {
  const clock = createManualClock();
  const reason = new Error("the end");
  const waiting = new AbortController();
  const wait = insisting(() => Promise.reject(away()), { clock, signal: waiting.signal });
  await settle();
  waiting.abort(reason);
  await expect(wait).rejects.toBe(reason);

  const writing = new AbortController();
  const write = deferred();
  const written = insisting(() => write.promise, { clock, signal: writing.signal });
  writing.abort(reason);
  await expect(written).rejects.toBe(reason);
  write.resolve();

  let begun = false;
  const late = insisting(
    async () => {
      begun = true;
    },
    { clock, signal: writing.signal },
  );
  await expect(late).rejects.toBe(reason);
  expect([begun, clock.pending()]).toEqual([false, 0]);
});
