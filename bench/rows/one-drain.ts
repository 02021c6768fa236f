/**
 * One drain of fresh mailboxes by one side, in a fresh process that first drains small ones to warm up, checked.
 * Invariant: whoever drained, every message was handed over once and is marked.
 */
import { type Drained, type Side, sides } from "../jobs/drain.js";
import type { SimulatorPeer } from "../processes.js";
import type { RowContext } from "../row.js";
import type { Mailbox, Pauses, Report } from "../simulator-process.js";
import { median } from "../statistics.js";

export interface DrainPlan {
  readonly queues: number;
  readonly messagesEach: number;
  /** Messages drained before, one mailbox of them, so that the code is compiled; 0: none. */
  readonly warmUp: number;
  /** Milliseconds that each HTTP request takes from then on, a batch once. Default 0. */
  readonly delayMs?: number;
  /** Requests that are answered with a pause of a second. Default: none. */
  readonly pauses?: Pauses;
}

export interface DrainRun {
  readonly side: Side;
  readonly ms: number;
  readonly cpuPerMessageUs: number;
  readonly messagesPerSecond: number;
  /** CPU of the simulator's process over the time of the run, of one core. */
  readonly simulatorLoad: number;
  readonly report: Report;
}

/** Of one core; above it the simulator bounds the row, and a ratio says less than it seems to. */
const busiest = 0.7;

/** What a ratio of these runs says when the simulator was the bound of one of them; empty otherwise. */
export function boundOf(runs: readonly DrainRun[]): string {
  const bound = sides.filter((side) => median(runs.filter((run) => run.side === side).map((run) => run.simulatorLoad)) > busiest);
  return bound.length === 0 ? "" : `bounded by the simulator (${bound.join(", ")})`;
}

export function drainOnce(context: RowContext, simulator: SimulatorPeer, side: Side, plan: DrainPlan): Promise<DrainRun> {
  const { door, tell } = context;
  return context.processes.withWorker(simulator, async (worker) => {
    const messages = plan.queues * plan.messagesEach;
    if (plan.warmUp > 0) {
      await simulator.ask("delay", 0, false);
      const mailboxes = await simulator.ask("mailboxes", 1, plan.warmUp);
      check(context, side, mailboxes, plan.warmUp, await worker.ask("drain", door, side, mailboxes, plan.warmUp));
      await checkRead(context, simulator, side, mailboxes, plan.warmUp);
    }
    const mailboxes = await simulator.ask("mailboxes", plan.queues, plan.messagesEach);
    // Only the SDK loop marks one by one; the parts of a batch must not be delayed beside it.
    await simulator.ask("delay", plan.delayMs ?? 0, side === "sdk");
    if (plan.pauses !== undefined) await simulator.ask("pauses", plan.pauses);
    await note(context, simulator, side);
    const drained = await worker.ask("drain", door, side, mailboxes, messages);
    check(context, side, mailboxes, messages, drained);
    await checkRead(context, simulator, side, mailboxes, messages);
    const report = await note(context, simulator, side);
    const run: DrainRun = {
      side,
      ms: drained.ms,
      cpuPerMessageUs: (drained.cpuMs * 1000) / messages,
      messagesPerSecond: (messages / drained.ms) * 1000,
      simulatorLoad: drained.simulator.cpuMs / drained.simulator.wallMs,
      report,
    };
    if (plan.delayMs !== undefined && side !== "sdk" && report.requests.patch !== undefined) {
      context.fault(`${side}: ${report.requests.patch} marks went without a batch, and so without the latency`);
    }
    const load = `simulator ${(run.simulatorLoad * 100).toFixed(0)} %`;
    tell(`${side.padEnd(6)} ${run.messagesPerSecond.toFixed(0)}/s  ${run.cpuPerMessageUs.toFixed(0)} µs CPU a message  ${load}`);
    return run;
  });
}

/** The log so far, which is then cleared; what was ours counts for the zeros. */
async function note(context: RowContext, simulator: SimulatorPeer, side: Side): Promise<Report> {
  const report = await simulator.ask("report");
  await simulator.ask("clearLog");
  if (side === "daemon") context.noteRequests(report);
  return report;
}

function check({ fault }: RowContext, side: Side, mailboxes: readonly Mailbox[], messages: number, drained: Drained): void {
  const where = `${side}, ${mailboxes.length} queues`;
  if (drained.handed !== messages) fault(`${where}: ${drained.handed} of ${messages} messages were handed over`);
  if (drained.doubled > 0) fault(`${where}: ${drained.doubled} messages were handed over twice`);
}

async function checkRead(
  { fault }: RowContext,
  simulator: SimulatorPeer,
  side: Side,
  mailboxes: readonly Mailbox[],
  messages: number,
): Promise<void> {
  const addresses = mailboxes.map(({ address }) => address);
  const { read, all } = await simulator.ask("read", addresses);
  if (read !== messages || all !== messages) fault(`${side}: ${read} of ${all} messages are marked, ${messages} were to be`);
}
