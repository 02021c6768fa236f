/**
 * The leak check (`check-leaks.ts` puts it around every test): what a test started (timers, sockets, servers, child processes) must be gone when
 * its own clean-up (`afterEach`, `onTestFinished`, `await using`) has run.
 *
 * Timers are counted at the globals, with the line that started them, background ones included: a timer that a stopped
 * daemon leaves behind is a leak even when it would not keep the process alive. The runner took its own timers before
 * this file is loaded, so they are not seen. Sockets and processes are counted by Node itself; only those that keep the
 * process alive are, so the idle connections that `fetch` keeps in its pool do not count.
 * Concurrent tests share one process and cannot be told apart; they are not checked.
 */
import type { TestContext } from "vitest";

const watchedKinds = ["TCPSocketWrap", "TCPServerWrap", "ProcessWrap", "PipeWrap"];
/** A close is reported by the operating system within a few turns; 200 are far more than it needs. */
const graceTurns = 200;

const realSetImmediate = setImmediate;
const nextTurn = () => new Promise<void>((resolve) => realSetImmediate(resolve));

interface StartedTimer {
  readonly kind: string;
  readonly startedAt: Error;
  readonly timer: NodeJS.Timeout;
}

/** Timers started since the current test began; empty between tests. */
const startedTimers: StartedTimer[] = [];

/** `_destroyed` is Node's own mark of a timer that fired or was cleared; there is no public one. */
const isLive = (timer: NodeJS.Timeout) => (timer as NodeJS.Timeout & { readonly _destroyed: boolean })._destroyed === false;

function watchTimers(kind: "setTimeout" | "setInterval"): void {
  const real = globalThis[kind] as (...parameters: unknown[]) => NodeJS.Timeout;
  const watched = (...parameters: unknown[]) => {
    const timer = real(...parameters);
    startedTimers.push({ kind, startedAt: new Error(kind), timer });
    return timer;
  };
  // Carries `util.promisify.custom` over.
  Object.defineProperties(watched, Object.getOwnPropertyDescriptors(real));
  Object.defineProperty(globalThis, kind, { value: watched, writable: true, configurable: true, enumerable: true });
}
watchTimers("setTimeout");
watchTimers("setInterval");

function countHandles(): Map<string, number> {
  const counts = new Map(watchedKinds.map((kind) => [kind, 0]));
  for (const kind of process.getActiveResourcesInfo()) {
    const count = counts.get(kind);
    if (count !== undefined) counts.set(kind, count + 1);
  }
  return counts;
}

/** The frames below the watcher, without the anonymous ones. */
const framesOf = (stack: string | undefined) =>
  (stack ?? "").split("\n").filter((frame) => frame.startsWith("    at ") && !/<anonymous>\)?$|support\/leaks\.ts/.test(frame));

/** Node's own timers and the background timers of libraries (an HTTP client's shared clock) outlive a test rightly. */
function isForeign({ startedAt, timer }: StartedTimer): boolean {
  const caller = framesOf(startedAt.stack)[0] ?? "";
  return caller.includes("node:") || (caller.includes("/node_modules/") && !timer.hasRef());
}

/** The first line of the stack that is ours. */
function originOf(stack: string | undefined): string {
  const frames = framesOf(stack);
  return (frames.find((frame) => !frame.includes("/node_modules/") && !frame.includes("node:")) ?? frames[0] ?? "an unknown place").trim();
}

function leaksSince(baseline: Map<string, number>): string[] {
  const timers = startedTimers.filter((started) => isLive(started.timer) && !isForeign(started));
  const handles = [...countHandles()].filter(([kind, count]) => count > (baseline.get(kind) ?? 0));
  return [
    ...timers.map(({ kind, startedAt }) => `a ${kind} that still waits, started ${originOf(startedAt.stack)}`),
    ...handles.map(([kind, count]) => `${count - (baseline.get(kind) ?? 0)} open ${kind}`),
  ];
}

/** Runs a test and fails it when something of it is left. */
export async function checkLeaks(runTest: () => Promise<void>, { task }: TestContext): Promise<void> {
  if (task.concurrent) return runTest();
  startedTimers.length = 0;
  const baseline = countHandles();
  await runTest();

  let leaks = leaksSince(baseline);
  for (let turn = 0; leaks.length > 0 && turn < graceTurns; turn += 1) {
    await nextTurn();
    leaks = leaksSince(baseline);
  }
  startedTimers.length = 0;
  // A test that failed half-way has said what is wrong already.
  if (leaks.length > 0 && task.result?.state !== "fail") throw new Error(`The test leaks: ${leaks.join("; ")}`);
}
