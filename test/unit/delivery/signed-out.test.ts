/** Content and marks while a queue is to be signed in: what was read or made counts, the rest is asked for soon after the sign-in. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { createOutbox } from "../../../src/delivery/outbox.js";
import type { MarkOrder, MarkResult } from "../../../src/mailbox/marker.js";
import { settle } from "../../support/manual-clock.js";
import { createScene } from "./loader-scene.js";
import { createDesk, cursor, queue, sighting } from "./set-up.js";

/** As the token source says it: it will ask by itself again in a quarter of an hour, unless somebody signs in before. */
const signIn = (now: number) => new MailError("AUTH_SIGN_IN_REQUIRED", "Sign in.", { notBeforeAt: now + 15 * 60_000 });

test("a read that ended for a sign-in is repeated within a minute of it", async () => {
  const scene = await createScene(["a", "b"]);
  scene.answer = () => Promise.reject(signIn(scene.clock.now()));
  scene.begin();
  await settle();
  scene.answer = scene.found;
  await scene.clock.advance(60_000);
  expect(scene.reads).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
});

test("a message that was not read for a sign-in is asked for again soon after it, and the others are not", async () => {
  const scene = await createScene(["a", "b"]);
  scene.answer = (id) => (id === "a" ? scene.found(id) : { found: false, error: signIn(scene.clock.now()) });
  scene.begin();
  await settle();
  scene.answer = scene.found;
  await scene.clock.advance(60_000);
  expect(scene.reads).toEqual([["a", "b"], ["b"]]);
});

/** An outbox with two orders, answered by what the test says. */
async function ordered() {
  const desk = await createDesk();
  const ledger = await desk.open();
  const marked: string[] = [];
  const asked: string[][] = [];
  const scene = { answer: (_: MarkOrder): MarkResult | Promise<MarkResult> => ({ done: true }), marked, asked, clock: desk.clock };
  const outbox = createOutbox({
    queue,
    ledger,
    clock: desk.clock,
    apply(orders) {
      asked.push(orders.map(({ id }) => id));
      return Promise.all(orders.map((order) => scene.answer(order)));
    },
    emit: (_, { id }) => void marked.push(id),
    mailboxAnswers: async () => true,
    onFailure: (error) => expect.unreachable(error.message),
  });
  for (const entry of await ledger.record([sighting("a"), sighting("b")], cursor("link 1"))) {
    outbox.add(await desk.done(ledger.settle(entry, { outcome: "settled", mark: { markRead: true } })).then((marking) => marking!));
  }
  return scene;
}

test("a mark that was made before the sign-in was needed is told at once, and not made again with the other", async () => {
  const scene = await ordered();
  scene.answer = ({ id }) => (id === "a" ? { done: true } : { done: false, error: signIn(scene.clock.now()) });
  await scene.clock.advance(500);
  expect(scene.marked).toEqual(["a"]);
  scene.answer = () => ({ done: true });
  await scene.clock.advance(60_000);
  expect(scene.marked).toEqual(["a", "b"]);
  expect(scene.asked).toEqual([["a", "b"], ["b"]]);
});

test("marks that ended for a sign-in are repeated within a minute of it", async () => {
  const scene = await ordered();
  scene.answer = () => Promise.reject(signIn(scene.clock.now()));
  await scene.clock.advance(500);
  expect(scene.asked).toHaveLength(1);
  scene.answer = () => ({ done: true });
  await scene.clock.advance(60_000);
  expect(scene.marked).toEqual(["a", "b"]);
});
