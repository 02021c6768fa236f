/**
 * Many signed-in queues without mail: filling a store with them, starting over it, and what each poll costs.
 * Invariant: a store is filled by real sign-ins and a complete round of each queue, so that a start over it asks Entra nothing.
 */
import { type IntervalHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import type { MailDaemon, QueueDefaults } from "m365-mail-daemon";
import { inLanes } from "../lanes.js";
import type { Mailbox } from "../simulator-process.js";
import { median } from "../statistics.js";
import { cpuMs } from "./measured.js";
import { benchDaemon, type DaemonPlace, type SimulatorSide, signInAll, type World } from "./world.js";

/** Milliseconds between two looks at the event loop; part of every delay that is told. */
const resolutionMs = 10;
/** Measured one after another; what is told is their median. */
const windowCount = 5;

interface Window {
  readonly polls: number;
  readonly spentMs: number;
  readonly lastedMs: number;
  readonly delays: IntervalHistogram;
}

export interface Started {
  readonly startedMs: number;
  /** Until each queue has had its first round. */
  readonly polledMs: number;
  readonly cpuPerQueueMs: number;
}

export interface Idle {
  readonly polls: number;
  readonly windowMs: number;
  /** CPU of a poll, less that of the process with every queue paused; like the delays a median of five parts of the window. */
  readonly cpuPerPollUs: number;
  readonly pausedCpuShare: number;
  /** Heap and external memory after a collection. */
  readonly bytes: number;
  /** Milliseconds, the resolution of 10 included. */
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
  readonly requestsPerSecond: readonly number[];
}

function daemonOf(world: World, place: DaemonPlace, addresses: readonly string[], defaults: QueueDefaults): MailDaemon {
  return benchDaemon(world, place, { queues: addresses.map((address) => ({ address })), defaults, handler: () => undefined });
}

/** Resolves when each of so many queues has had a round. */
function allPolled(daemon: MailDaemon, queues: number): Promise<void> {
  const seen = new Set<string>();
  return new Promise((resolve) => {
    const stop = daemon.on("queue:polled", ({ queue }) => {
      if (seen.add(queue).size < queues) return;
      stop();
      resolve();
    });
  });
}

export async function fill(world: World, place: DaemonPlace, mailboxes: readonly Mailbox[]): Promise<{ signInMs: number }> {
  const addresses = mailboxes.map(({ address }) => address);
  const daemon = daemonOf(world, place, addresses, {});
  const begun = performance.now();
  await signInAll(daemon, mailboxes);
  const signInMs = (performance.now() - begun) / mailboxes.length;
  const polled = allPolled(daemon, addresses.length);
  await daemon.start();
  await polled;
  await daemon.stop();
  return { signInMs };
}

/** Everything at its default. */
export async function start(world: World, place: DaemonPlace, addresses: readonly string[]): Promise<Started> {
  const daemon = daemonOf(world, place, addresses, {});
  const polled = allPolled(daemon, addresses.length);
  const [begun, cpu] = [performance.now(), cpuMs()];
  await daemon.start();
  const startedMs = performance.now() - begun;
  await polled;
  const figures = { startedMs, polledMs: performance.now() - begun, cpuPerQueueMs: (cpuMs() - cpu) / addresses.length };
  await daemon.stop();
  return figures;
}

export interface IdleTimes {
  readonly intervalMs: number;
  readonly windowMs: number;
  readonly pausedMs: number;
}

/** A daemon whose queues have all had a round, and that goes on polling them. */
export interface Polling {
  readonly daemon: MailDaemon;
  readonly addresses: readonly string[];
  readonly times: IdleTimes;
}

export async function poll(world: World, place: DaemonPlace, addresses: readonly string[], times: IdleTimes): Promise<Polling> {
  const { intervalMs, windowMs } = times;
  const daemon = daemonOf(world, place, addresses, { pollIntervalMs: intervalMs, minPollIntervalMs: intervalMs });
  const polled = allPolled(daemon, addresses.length);
  await daemon.start();
  await polled;
  // The rounds after the first are the ordinary ones.
  await wait(Math.min(intervalMs, windowMs));
  return { daemon, addresses, times };
}

/** Measures the daemon, and stops it. */
export async function idle(simulator: SimulatorSide, { daemon, addresses, times }: Polling): Promise<Idle> {
  const { windowMs, pausedMs } = times;
  globalThis.gc?.();
  let polls = 0;
  const stopCounting = daemon.on("queue:polled", () => {
    polls += 1;
  });
  const [from, begun] = [Date.now(), performance.now()];
  const windows: Window[] = [];
  for (let index = 0; index < windowCount; index += 1) {
    const delays = monitorEventLoopDelay({ resolution: resolutionMs });
    delays.enable();
    const [before, windowBegun, cpu] = [polls, performance.now(), cpuMs()];
    await wait(windowMs / windowCount);
    const spentMs = cpuMs() - cpu;
    delays.disable();
    windows.push({ polls: polls - before, spentMs, lastedMs: performance.now() - windowBegun, delays });
  }
  const lastedMs = performance.now() - begun;
  stopCounting();
  const requestsPerSecond = await simulator.ask("perSecond", from, from + lastedMs);
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();

  await inLanes(addresses, 64, (address) => daemon.pause(address));
  await wait(pausedMs / 4);
  const [pausedAt, pausedCpu] = [performance.now(), cpuMs()];
  await wait(pausedMs);
  const pausedCpuShare = (cpuMs() - pausedCpu) / (performance.now() - pausedAt);
  await daemon.stop();
  return {
    polls,
    windowMs: lastedMs,
    cpuPerPollUs: median(windows.map((one) => ((one.spentMs - pausedCpuShare * one.lastedMs) * 1000) / one.polls)),
    pausedCpuShare,
    bytes: heapUsed + external,
    delayP50Ms: median(windows.map(({ delays }) => delays.percentile(50) / 1e6)),
    delayP99Ms: median(windows.map(({ delays }) => delays.percentile(99) / 1e6)),
    delayMaxMs: Math.max(...windows.map(({ delays }) => delays.max / 1e6)),
    requestsPerSecond,
  };
}
