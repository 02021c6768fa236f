import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { sleep, systemClock } from "../../../src/base/clock.js";
import { createManualClock, settle } from "../../support/manual-clock.js";

afterEach(() => void vi.useRealTimers());

describe("the system clock", () => {
  it("looks its globals up at each call, so that timers faked later govern it", () => {
    vi.useFakeTimers({ now: 1_000 });
    const ran: number[] = [];
    systemClock.startTimer(() => ran.push(systemClock.now()), 250);
    vi.advanceTimersByTime(249);
    expect(ran).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ran).toEqual([1_250]);
  });

  it("runs a timer once, and not at all when it was cleared", () => {
    vi.useFakeTimers();
    let runs = 0;
    systemClock.startTimer(() => (runs += 1), 10);
    const stop = systemClock.startTimer(() => (runs += 100), 10);
    stop();
    stop();
    vi.advanceTimersByTime(100);
    expect(runs).toBe(1);
  });

  it("takes a delay in the past for now", () => {
    vi.useFakeTimers();
    let ran = false;
    systemClock.startTimer(() => (ran = true), -5_000);
    vi.advanceTimersByTime(0);
    expect(ran).toBe(true);
  });

  it("holds the process for a timer in the foreground and not for one in the background", () => {
    const started: NodeJS.Timeout[] = [];
    const real = globalThis.setTimeout;
    vi.stubGlobal("setTimeout", (run: () => void, ms: number) => {
      const timer = real(run, ms);
      started.push(timer);
      return timer;
    });
    const stops = [{}, { background: false }, { background: true }].map((options) =>
      systemClock.startTimer(() => undefined, 60_000, options),
    );
    vi.unstubAllGlobals();
    expect(started.map((timer) => timer.hasRef())).toEqual([true, true, false]);
    for (const stop of stops) stop();
  });

  it("waits out a delay longer than a Node timer takes, instead of firing at once or early", () => {
    vi.useFakeTimers({ now: 0 });
    const delayMs = 60 * 86_400_000;
    let ranAt: number | undefined;
    systemClock.startTimer(() => (ranAt = systemClock.now()), delayMs);
    vi.advanceTimersByTime(delayMs - 1);
    expect(ranAt).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(ranAt).toBe(delayMs);
  });

  it("clears a delay longer than a Node timer takes, also after its first stretch", () => {
    vi.useFakeTimers({ now: 0 });
    const stop = systemClock.startTimer(() => expect.unreachable(), 60 * 86_400_000);
    vi.advanceTimersByTime(30 * 86_400_000);
    stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("never ends a wait without end", () => {
    vi.useFakeTimers({ now: 0 });
    const stop = systemClock.startTimer(() => expect.unreachable(), Number.POSITIVE_INFINITY);
    vi.advanceTimersByTime(100 * 86_400_000);
    stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("draws from the global chance", () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(0.25);
    expect(systemClock.random()).toBe(0.25);
    random.mockRestore();
  });
});

describe("sleep", () => {
  it("ends when its time has come, not before, and lets go of the signal", async () => {
    const clock = createManualClock();
    const { signal } = new AbortController();
    let awake = false;
    const slept = sleep(clock, 1_000, signal).then(() => {
      awake = true;
    });
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await clock.advance(999);
    expect(awake).toBe(false);
    await clock.advance(1);
    await slept;
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(clock.pending()).toBe(0);
  });

  it("is ended by an abort with the signal's own reason, and leaves no timer", async () => {
    const clock = createManualClock();
    const controller = new AbortController();
    const slept = sleep(clock, 1_000, controller.signal);
    expect(clock.pending()).toBe(1);
    controller.abort("stop");
    await expect(slept).rejects.toBe("stop");
    expect(clock.pending()).toBe(0);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  it("needs no signal", async () => {
    const clock = createManualClock();
    const slept = sleep(clock, 5);
    await clock.advance(5);
    await slept;
  });

  it("does not begin after an abort", async () => {
    const clock = createManualClock();
    await expect(sleep(clock, 1_000, AbortSignal.abort("before"))).rejects.toBe("before");
    expect(clock.pending()).toBe(0);
  });

  it("hears no abort after its end", async () => {
    const clock = createManualClock();
    const controller = new AbortController();
    const slept = sleep(clock, 5, controller.signal);
    await clock.advance(5);
    controller.abort("late");
    await expect(slept).resolves.toBeUndefined();
    await settle();
  });
});
