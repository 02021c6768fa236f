/** How long a turn is believed held: never longer than its lock, whatever is answered late, refused or slept through. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { createHeldTurns, type Lock } from "../../../src/schedule/held-turns.js";
import { createManualClock, settle } from "../../support/manual-clock.js";

const lockMs = 9_000;
const lost = { code: "LIFECYCLE_LOST_QUEUE", queue: "a@contoso.com" };

/** The keeper of the locks answers as the test says: `"given"`, `"refused"`, `"away"`, or not at all. */
function createScene() {
  const clock = createManualClock();
  const asked: string[][] = [];
  const told: unknown[] = [];
  const keeper = { answer: "given" as "given" | "refused" | "away" | "none" };
  const turns = createHeldTurns({
    clock,
    lockMs,
    async renew(locks: readonly Lock[]) {
      asked.push(locks.map(({ token }) => token));
      if (keeper.answer === "none") return await new Promise<never>(() => undefined);
      if (keeper.answer === "away") throw new MailError("STORE_UNAVAILABLE", "away");
      return keeper.answer === "refused" ? locks.map(({ id }) => id) : [];
    },
    onRenewal: (trouble) => told.push(trouble),
  });
  turns.look();
  const hold = (agoMs = 0) => turns.hold({ id: "a", token: "t", queue: "a@contoso.com" }, agoMs);
  return { clock, asked, told, keeper, turns, hold };
}

test("a turn is renewed for as long as it runs, and no longer", async () => {
  const { clock, asked, hold, turns } = createScene();
  const held = hold();
  await clock.advance(60_000);
  expect(held.isLost).toBe(false);
  expect(held.turn.signal.aborted).toBe(false);
  const renewals = asked.filter(([token]) => token === "t").length;
  expect(renewals).toBeGreaterThanOrEqual(60_000 / (lockMs / 3));
  held.release();
  await clock.advance(60_000);
  expect(asked.filter(([token]) => token === "t").length).toBe(renewals);
  turns.stop();
  expect(clock.pending()).toBe(0);
});

test("a turn whose renewal is refused is lost at once", async () => {
  const { clock, keeper, hold, turns } = createScene();
  const held = hold();
  keeper.answer = "refused";
  await clock.advance(lockMs / 3);
  expect(held.isLost).toBe(true);
  expect(held.turn.signal.reason).toMatchObject(lost);
  await expect(held.turn.confirm()).rejects.toMatchObject(lost);
  turns.stop();
});

test.each(["away", "none"] as const)("a turn that cannot be renewed (%s) is lost exactly when its lock is over", async (answer) => {
  const { clock, keeper, hold, turns, told } = createScene();
  await settle();
  const held = hold();
  keeper.answer = answer;
  await clock.advance(lockMs - 1);
  expect(held.turn.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(held.turn.signal.reason).toMatchObject(lost);
  expect(told).toContainEqual(answer === "away" ? { cause: expect.any(MailError) } : { silentMs: expect.any(Number) });
  turns.stop();
});

test("a process that was frozen for longer than the lock believes nothing, without asking", async () => {
  const { clock, keeper, hold, turns } = createScene();
  const held = hold();
  await clock.advance(2_000);
  clock.freeze(lockMs + 1);
  // Whatever would be answered now.
  keeper.answer = "given";
  await expect(held.turn.confirm()).rejects.toMatchObject(lost);
  expect(held.turn.signal.reason).toMatchObject(lost);
  turns.stop();
});

test("an answer that comes after the lock was over gives nothing back", async () => {
  const clock = createManualClock();
  let answer = (_: readonly string[]) => {};
  const renew = () => new Promise<readonly string[]>((resolve) => (answer = resolve));
  const turns = createHeldTurns({ clock, lockMs, renew, onRenewal: () => undefined });
  const held = turns.hold({ id: "a", token: "t", queue: "a@contoso.com" }, 0);
  turns.look();
  await clock.advance(lockMs);
  answer([]);
  await settle();
  expect(held.isLost).toBe(true);
  turns.stop();
});

test("a renewal counts from when it was asked for, not from its answer", async () => {
  const clock = createManualClock();
  const answers: ((refused: readonly string[]) => void)[] = [];
  const renew = () => new Promise<readonly string[]>((resolve) => answers.push(resolve));
  const turns = createHeldTurns({ clock, lockMs, renew, onRenewal: () => undefined });
  const held = turns.hold({ id: "a", token: "t", queue: "a@contoso.com" }, 0);
  await clock.advance(1_000);
  turns.look();
  await clock.advance(7_000);
  answers[0]?.([]);
  await clock.advance(lockMs - 7_001);
  expect(held.isLost).toBe(false);
  await clock.advance(1);
  expect(held.isLost).toBe(true);
  turns.stop();
});

test("what was made sure of a moment ago is confirmed without asking; else the keeper is asked", async () => {
  const { clock, asked, keeper, hold, turns } = createScene();
  await settle();
  turns.stop(); // No renewals: what is confirmed is confirmed by this.
  const held = hold();
  const before = asked.length;
  await clock.advance(lockMs / 3 - 1);
  await held.turn.confirm();
  expect(asked.length).toBe(before);
  await clock.advance(1);
  await held.turn.confirm();
  expect(asked.length).toBe(before + 1);
  await held.turn.confirm();
  expect(asked.length).toBe(before + 1);
  await clock.advance(lockMs / 3);
  keeper.answer = "refused";
  await expect(held.turn.confirm()).rejects.toMatchObject(lost);
  expect(held.turn.signal.aborted).toBe(true);
});

test("a machine that slept asks, though its ticks stood still", async () => {
  const { clock, asked, keeper, hold, turns } = createScene();
  await settle();
  turns.stop();
  const held = hold();
  clock.set(lockMs);
  keeper.answer = "refused";
  await expect(held.turn.confirm()).rejects.toMatchObject(lost);
  expect(asked.at(-1)).toEqual(["t"]);
});

test("a keeper that cannot be asked confirms nothing, and takes nothing away before the lock is over", async () => {
  const { clock, keeper, hold, turns } = createScene();
  await settle();
  turns.stop();
  const held = hold(lockMs / 3);
  keeper.answer = "away";
  await expect(held.turn.confirm()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  keeper.answer = "none";
  const silent = expect(held.turn.confirm()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", queue: "a@contoso.com" });
  await clock.advance(lockMs / 3);
  await silent;
  expect(held.turn.signal.aborted).toBe(false);
});

test("a turn whose job was on its way for longer than the lock is lost from the beginning, one that is over confirms nothing", async () => {
  const { clock, hold, turns } = createScene();
  expect(hold(lockMs).isLost).toBe(true);
  const held = hold(lockMs - 1);
  expect(held.isLost).toBe(false);
  held.release();
  await expect(held.turn.confirm()).rejects.toMatchObject(lost);
  expect(held.turn.signal.aborted).toBe(false);
  turns.stop();
  expect(clock.pending()).toBe(0);
});
