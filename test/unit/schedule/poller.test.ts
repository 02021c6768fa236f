/** Every row of the poller's table: how a state is entered, what holds in it, what leaves it, and what is told. */
import { expect, test } from "vitest";
import { MailError, type MailErrorCode } from "../../../src/base/errors.js";
import { settle } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { away } from "../../support/troubled-store.js";
import { createPolling, fine } from "./polling.js";

const minute = 60_000;
const hour = 60 * minute;

test("starting: nothing was asked yet; the first turn leaves it", async () => {
  const scene = await createPolling();
  expect([scene.poller.state, scene.poller.why, scene.poller.lastRoundAt]).toEqual(["starting", "the daemon started", undefined]);
  scene.begin();
  await settle();
  expect(scene.states()).toEqual([["starting", "polling", "a round began"]]);
});

test("polling and idle: each round that is complete is told, and the next comes in its time", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  const at = scene.clock.now();
  scene.session.mailbox.counter.requests = 7;
  scene.session.mailbox.counter.parts = 3;
  await scene.end({ pages: 2, messages: 5, lagMs: 1_234 });
  expect([scene.poller.state, scene.poller.why, scene.poller.lastRoundAt]).toEqual(["idle", "the round is complete", at]);
  const [polled] = scene.of("queue:polled");
  expect(polled).toMatchObject({ queue: scene.session.settings.address, requests: 7, batchParts: 3, pages: 2, messages: 5, lagMs: 1_234 });
  expect(scene.session.mailbox.counter).toEqual({ requests: 0, parts: 0 });
  await scene.clock.advance(polled!.nextInMs - 1);
  expect(scene.turns).toBe(1);
  await scene.clock.advance(1);
  expect([scene.turns, scene.poller.state]).toEqual([2, "polling"]);
  await scene.end(fine);
  expect(scene.of("queue:polled")[1]).not.toHaveProperty("lagMs");
});

test("a change of state is told once, with where from and why; no state is told twice in a row", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  await scene.end(fine);
  await scene.end(new MailError("GRAPH_MAILBOX_UNAVAILABLE", "No mailbox."));
  await scene.end(new MailError("GRAPH_MAILBOX_UNAVAILABLE", "No mailbox."));
  scene.poller.pause();
  scene.poller.pause();
  scene.poller.resume();
  await scene.end(fine);
  scene.poller.stop("stop() was called");
  scene.poller.stop("again");
  const states = scene.states();
  for (const [index, [from, to]] of states.entries()) {
    expect(from).not.toBe(to);
    expect(from).toBe(index === 0 ? "starting" : states[index - 1]?.[1]);
  }
  expect(states.at(-1)).toEqual(["idle", "stopped", "stop() was called"]);
  expect(scene.poller.why).toBe("stop() was called");
});

const passing: readonly MailErrorCode[] = [
  "GRAPH_UNREACHABLE",
  "GRAPH_TIMEOUT",
  "GRAPH_BAD_RESPONSE",
  "GRAPH_FORBIDDEN",
  "GRAPH_REFUSED",
  "STORE_UNAVAILABLE",
  "AUTH_UNAVAILABLE",
  "SYNC_CURSOR_LOST",
];
test.each(passing)("idle: a turn that failed with %s is told and tried again after a back-off", async (code) => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  await scene.end(new MailError(code, "It failed."));
  expect([scene.poller.state, scene.poller.why]).toEqual(["idle", `${code}: It failed.`]);
  expect(scene.of("queue:failed")).toMatchObject([{ code, reason: "It failed.", failures: 1, nextInMs: 2_000 }]);
  await scene.clock.advance(2_000);
  await scene.end(new MailError(code, "It failed."));
  expect(scene.of("queue:failed")[1]).toMatchObject({ failures: 2, nextInMs: 3_000 });
  await scene.clock.advance(3_000);
  await scene.end(fine);
  expect(scene.poller.state).toBe("idle");
  await scene.end(new MailError(code, "It failed."));
  expect(scene.of("queue:failed")[2]).toMatchObject({ failures: 1 });
});

test("idle: a failure that names a time is not tried again before it", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  await scene.end(new MailError("AUTH_UNAVAILABLE", "Later.", { notBeforeAt: scene.clock.now() + 10 * minute }));
  expect(scene.of("queue:failed")[0]?.nextInMs).toBe(10 * minute);
  await scene.clock.advance(10 * minute - 1);
  expect(scene.turns).toBe(1);
});

test("an error that is none of ours is a failed turn like others", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  await scene.end(new TypeError("broken"));
  expect(scene.of("queue:failed")).toMatchObject([{ code: "GRAPH_UNAVAILABLE" }]);
  expect(scene.poller.state).toBe("idle");
});

test("throttled: while Graph's pause lasts no turn begins; its end leaves the state", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  const until = scene.clock.now() + 5 * minute;
  scene.session.mailbox.gate.bar({ until, code: "ErrorServerBusy" });
  await scene.end(new MailError("GRAPH_THROTTLED", "Too much.", { notBeforeAt: until }));
  expect([scene.poller.state, scene.poller.why]).toEqual(["throttled", "GRAPH_THROTTLED: Too much."]);
  await scene.clock.advance(until - scene.clock.now() - 1);
  expect(scene.turns).toBe(1);
  await scene.clock.advance(1);
  expect([scene.turns, scene.poller.state]).toEqual([2, "polling"]);
});

test("throttled: after a pause of all the queues come back over a whole interval", async () => {
  const waits: number[] = [];
  for (const chance of [0, 0.25, 0.999]) {
    const scene = await createPolling();
    scene.begin();
    await settle();
    scene.clock.chance = chance;
    const until = scene.clock.now() + 5 * minute;
    scene.governor.keep({ until, code: "ManyMailboxesThrottled" });
    await scene.end(new MailError("GRAPH_THROTTLED", "Too much.", { notBeforeAt: until }));
    waits.push((scene.of("queue:failed")[0]?.nextInMs as number) - 5 * minute);
  }
  expect(waits).toEqual([0, 7_500, 29_970]);
});

test("throttled: a pause that came with a success (of a mark) holds the next failed turn too", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  scene.session.mailbox.gate.bar({ until: scene.clock.now() + hour, code: "ApplicationThrottled" });
  await scene.end(new MailError("GRAPH_UNREACHABLE", "Gone."));
  expect([scene.poller.state, scene.of("queue:failed")[0]?.nextInMs]).toEqual(["throttled", hour]);
});

const unsigned: readonly MailErrorCode[] = [
  "AUTH_SIGN_IN_REQUIRED",
  "AUTH_APP_REFUSED",
  "AUTH_WRONG_ACCOUNT",
  "AUTH_VAULT_KEY_MISSING",
  "AUTH_VAULT_KEY_UNKNOWN",
  "AUTH_VAULT_TAMPERED",
];
test.each(unsigned)("waiting-for-sign-in: after %s no turn comes until a sign-in does", async (code) => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  await scene.end(new MailError(code, "Sign in."));
  expect([scene.poller.state, scene.poller.why]).toEqual(["waiting-for-sign-in", `${code}: Sign in.`]);
  expect(scene.of("queue:failed")[0]?.nextInMs).toBe(Number.POSITIVE_INFINITY);
  await scene.clock.advance(24 * hour);
  expect([scene.turns, scene.watches.length]).toEqual([1, 1]);
  scene.signIn();
  await settle();
  expect([scene.turns, scene.poller.state]).toEqual([2, "polling"]);
  await scene.end(fine);
});

test("waiting-for-sign-in: a sign-in that does not do is waited for anew, with one watch at a time", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  for (let round = 1; round <= 3; round += 1) {
    await scene.end(new MailError("AUTH_SIGN_IN_REQUIRED", "Sign in."));
    expect(scene.watches.length).toBe(round);
    // A round asked for meanwhile fails, and the watch goes on.
    const polled = expect(scene.poller.pollNow()).rejects.toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED" });
    await settle();
    await scene.end(new MailError("AUTH_SIGN_IN_REQUIRED", "Sign in."));
    await polled;
    expect(scene.watches.length).toBe(round);
    scene.signIn();
    await settle();
  }
  await scene.end(fine);
  expect(scene.poller.state).toBe("idle");
});

test("waiting-for-sign-in: a turn that fails in the same breath as it is woken is watched for again", async () => {
  const scene = await createPolling({ turn: () => Promise.reject(new MailError("AUTH_SIGN_IN_REQUIRED", "Sign in.")) });
  scene.begin();
  await settle();
  for (let round = 1; round <= 3; round += 1) {
    expect(scene.watches.length).toBe(round);
    scene.signIn();
    await settle();
  }
});

test("waiting-for-sign-in: a watch that ends with an error is told", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  await scene.end(new MailError("AUTH_SIGN_IN_REQUIRED", "Sign in."));
  scene.watches[0]!.reject(away());
  await settle();
  expect(scene.of("queue:failed").at(-1)).toMatchObject({ code: "STORE_UNAVAILABLE", nextInMs: Number.POSITIVE_INFINITY });
  const polled = expect(scene.poller.pollNow()).rejects.toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED" });
  await settle();
  await scene.end(new MailError("AUTH_SIGN_IN_REQUIRED", "Sign in."));
  await polled;
  expect(scene.watches.length).toBe(2);
});

test("waiting-for-sign-in: a fresh token that Graph refuses is tried again after a back-off", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  await scene.end(new MailError("GRAPH_UNAUTHORIZED", "No."));
  expect([scene.poller.state, scene.watches.length]).toEqual(["waiting-for-sign-in", 0]);
  await scene.clock.advance(2_000);
  expect([scene.turns, scene.poller.state]).toEqual([2, "polling"]);
});

test.each(["GRAPH_MAILBOX_UNAVAILABLE", "SYNC_FOLDER_NOT_FOUND"] as const)(
  "unavailable: after %s the tries are slow, the first three at five minutes, then each hour",
  async (code) => {
    const scene = await createPolling();
    scene.begin();
    await settle();
    const waits: number[] = [];
    for (let failure = 0; failure < 5; failure += 1) {
      await scene.end(new MailError(code, "Not there."));
      expect([scene.poller.state, scene.poller.why]).toEqual(["unavailable", `${code}: Not there.`]);
      waits.push(scene.of("queue:failed").at(-1)!.nextInMs);
      await scene.clock.advance(waits.at(-1)! - 1);
      expect(scene.turns).toBe(failure + 1);
      await scene.clock.advance(1);
    }
    expect(waits).toEqual([5 * minute, 5 * minute, 5 * minute, hour, hour]);
    await scene.end(fine);
    expect(scene.poller.state).toBe("idle");
  },
);

test("unavailable: pollNow tries at once", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  await scene.end(new MailError("GRAPH_MAILBOX_UNAVAILABLE", "Not there."));
  const polled = scene.poller.pollNow();
  await settle();
  await scene.end(fine);
  await polled;
  expect(scene.poller.state).toBe("idle");
});

test("idle, with its why: a round without a folder that is not there is told, and ends no staleness", async () => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  await scene.end({ ...fine, missing: new MailError("SYNC_FOLDER_NOT_FOUND", "No folder.") });
  expect([scene.poller.state, scene.poller.why, scene.poller.lastRoundAt]).toEqual([
    "idle",
    "SYNC_FOLDER_NOT_FOUND: No folder.",
    undefined,
  ]);
  expect(scene.of("queue:polled").length).toBe(1);
  const asked = rejected(scene.poller.pollNow());
  await scene.end({ ...fine, missing: new MailError("SYNC_FOLDER_NOT_FOUND", "No folder.") });
  expect(await asked).toMatchObject({ code: "SYNC_FOLDER_NOT_FOUND" });
});
