/** Marks while Graph refuses the token: what was made is known to be made, the rest is left to be ordered again. */
import { expect, it } from "vitest";
import type { Fault } from "../../../simulator/index.js";
import { MailError } from "../../../src/base/errors.js";
import type { Mark } from "../../../src/mailbox/mark.js";
import { applyMarks } from "../../../src/mailbox/marker.js";
import { leaks, rejected } from "../../support/rejection.js";
import { challenge, claimsTexts, setUp } from "../graph/set-up.js";

const challenged = { status: 401, headers: { "www-authenticate": challenge } };

/** One message for each mark, and what became of the marks. */
async function marking(...marks: Mark[]) {
  const set = await setUp();
  const orders = marks.map((mark) => ({ id: set.mail.deliver(), mark }));
  const apply = (signal?: AbortSignal) => set.inTime(applyMarks(set.client, set.mailbox, orders, { signal }));
  return {
    ...set,
    apply,
    results: async () => {
      const results = await apply();
      expect(leaks(results, [...set.tokens.given, ...claimsTexts])).toEqual([]);
      return results.map((result) => (result.done ? (result.vanished ? "vanished" : "done") : result.error.code));
    },
    answer: (index: number, fault: Partial<Fault>) =>
      set.sim.faults.add({ name: "refused", route: ["message", "patch", "move"], messageId: orders[index]?.id ?? "", ...fault }),
    message: (index: number) => set.mail.message(orders[index]?.id ?? ""),
  };
}

const read = { markRead: true };

it("a mark whose token is refused is made with a new one", async () => {
  const set = await marking(read, read, read);
  set.answer(1, { ...challenged, count: 1 });
  expect(await set.results()).toEqual(["done", "done", "done"]);
  expect(set.message(1)?.isRead).toBe(true);
});

it("marks made before the sign-in was needed are done, and the others say why they are not", async () => {
  const set = await marking(read, read, read);
  set.answer(1, challenged);
  expect(await set.results()).toEqual(["done", "AUTH_SIGN_IN_REQUIRED", "done"]);
  expect([0, 1, 2].map((index) => set.message(index)?.isRead)).toEqual([true, false, true]);
});

it("marks that are all refused end with the sign-in's error", async () => {
  const set = await marking(read, read);
  for (const index of [0, 1]) set.answer(index, challenged);
  expect((await rejected(set.apply())).code).toBe("AUTH_SIGN_IN_REQUIRED");
});

it("marks that are through stay done when the sign-in is needed for the steps of others", async () => {
  const moved = { markRead: true, moveTo: "archive" };
  const set = await marking(read, moved, moved, { moveTo: "archive" }, { addCategories: ["VIP"] });
  set.sim.faults.add({ name: "refused", route: "batch", after: 2, ...challenged });
  expect(await set.results()).toEqual(["done", "AUTH_SIGN_IN_REQUIRED", "AUTH_SIGN_IN_REQUIRED", "AUTH_SIGN_IN_REQUIRED", "done"]);
  expect([0, 1, 2, 3, 4].map((index) => set.message(index)?.isRead)).toEqual([true, true, true, false, false]);
});

it("marks none of which is through are all to be made again", async () => {
  const moved = { markRead: true, moveTo: "archive" };
  const set = await marking(moved, moved);
  set.sim.faults.add({ name: "refused", route: "batch", after: 1, ...challenged });
  expect((await rejected(set.apply())).code).toBe("AUTH_SIGN_IN_REQUIRED");
});

it("a move that found nothing is not taken for a refused one when nobody could look whether the message is there", async () => {
  const set = await marking(read, { moveTo: "archive" });
  set.answer(1, { status: 404, body: { error: { code: "ErrorItemNotFound" } } });
  set.sim.faults.add({ name: "refused", route: "batch", after: 2, ...challenged });
  expect(await set.results()).toEqual(["done", "AUTH_SIGN_IN_REQUIRED"]);
});

it("a caller who gives up hears its own reason, whatever was made", async () => {
  const set = await marking(read, { markRead: true, moveTo: "archive" });
  const controller = new AbortController();
  const reason = new MailError("LIFECYCLE_LOST_QUEUE", "Another process has the queue.");
  const { fetch } = set.network;
  set.network.fetch = async (input, init) => {
    if (set.sent.length > 1) controller.abort(reason);
    return fetch(input, init);
  };
  await expect(set.apply(controller.signal)).rejects.toBe(reason);
  expect(set.message(0)?.isRead).toBe(true);
});
