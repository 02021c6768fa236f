/**
 * One simulated process with a daemon in it: its own clock, its own view of the disk and the network, and a host that
 * does what the plans say. Everything it does is told to the witness; a dead process tells nothing.
 */
import type { Simulator } from "../../simulator/index.js";
import { sleep } from "../../src/base/clock.js";
import { MailError } from "../../src/base/errors.js";
import { createDaemon } from "../../src/daemon/daemon.js";
import type { DaemonEvents } from "../../src/daemon/events.js";
import type { MailDaemon } from "../../src/daemon/mail-daemon.js";
import type { MailDaemonOptions } from "../../src/daemon/options.js";
import type { Delivery } from "../../src/delivery/delivery.js";
import type { Store } from "../../src/state/store.js";
import type { PendingWork } from "../support/pending-work.js";
import type { Account, HandOver } from "./account.js";
import type { Disk } from "./disk.js";
import type { Life } from "./life.js";
import { createNetwork, type Network } from "./network.js";
import { type Behaviour, behaviourAt, handlerTimeoutMs } from "./plan.js";
import type { Witness } from "./witness.js";

export interface ProcessOptions {
  readonly name: string;
  readonly sim: Simulator;
  readonly disk: Disk;
  readonly life: Life;
  readonly pending: PendingWork;
  readonly witness: Witness;
  readonly options: Omit<MailDaemonOptions, "store" | "fetch" | "handler">;
  /** The host listens to the event `message` instead of giving a handler. */
  readonly listens: boolean;
  /** Lays a fault of the daemon's own over its store; gives it back unchanged where none is planted. */
  readonly plant: (store: Store) => Store;
}

export interface SimulatedProcess {
  readonly name: string;
  readonly life: Life;
  readonly network: Network;
  readonly daemon: MailDaemon;
  /** It has lost the store, to another process or to time: nothing that it does may count any more. */
  isDeposed: boolean;
}

export function createProcess(given: ProcessOptions): SimulatedProcess {
  const { name, sim, disk, life, pending, witness, listens } = given;
  const { clock, around } = life;
  const network = createNetwork({
    sim,
    life,
    pending,
    onShown: witness.shown,
    onAnswer: (...what) => witness.happened(name, ...what),
    onCrowd: (mailbox, count) => witness.violated(`${count} requests at once for ${mailbox} by process ${name}`),
  });
  const store = given.plant(disk.storeOf(life));
  const daemon = createDaemon({ ...given.options, store, fetch: network.fetch, ...(listens ? {} : { handler: handle }) }, clock);
  const process: SimulatedProcess = { name, life, network, daemon, isDeposed: false };
  if (listens) daemon.on("message", (delivery) => void handle(delivery));
  observe();
  return process;

  /** As a handler: resolves for an ack, rejects for a retry. As a listener: only what is explicit counts, so all is. */
  async function handle(delivery: Delivery): Promise<void> {
    const handed = life.isDead ? undefined : witness.handedOver(name, delivery);
    if (!handed) return life.answer(() => new Promise<never>(() => undefined));
    witness.happened(name, "hands over", handed.account.subject, delivery.attempt);
    if (process.isDeposed) witness.violated(`${handed.account.subject} was handed over by a process that has lost the store`);
    const behaviour = behaviourAt(handed.account.plan, delivery.attempt);
    if (behaviour.does === "hang") return new Promise(() => undefined);
    if (behaviour.afterMs > 0) await sleep(around, behaviour.afterMs);
    checkSignal(behaviour, delivery, handed.account);
    witness.happened(name, "host of", handed.account.subject, behaviour);
    witness.said(handed.handOver, behaviour.does === "throw" ? "retry" : behaviour.does);
    if (behaviour.does === "throw" && !listens) throw new Error("as planned");
    if (listens || behaviour.explicit || behaviour.does !== "ack") await settle(behaviour, delivery, handed);
  }

  function checkSignal({ afterMs }: Behaviour, { signal }: Delivery, { subject }: Account): void {
    if (afterMs > handlerTimeoutMs && !signal.aborted) witness.violated(`the handler of ${subject} was past its time and not told`);
  }

  async function settle(
    { does }: Behaviour,
    delivery: Delivery,
    { account, handOver }: { account: Account; handOver: HandOver },
  ): Promise<void> {
    try {
      const result = await call(does, delivery);
      if (life.isDead) return;
      witness.happened(name, "answers", account.subject, result);
      if (process.isDeposed && result === "settled")
        witness.violated(`${account.subject} was settled by a process that has lost the store`);
      witness.answered(account, handOver, result);
    } catch (error) {
      const mayBeLost = process.isDeposed || witness.isCutOff(name);
      if (!(error instanceof MailError) || error.code !== "LIFECYCLE_LOST_QUEUE" || !mayBeLost) {
        witness.violated(`${does} of ${account.subject} by process ${name} failed: ${String(error)}`);
      } else witness.note("late settlement refused");
    }
  }

  function call(does: Behaviour["does"], delivery: Delivery) {
    if (does === "ack") return delivery.ack();
    if (does === "reject") return delivery.reject("as planned");
    return delivery.retry(does === "retry" ? { afterMs: 90_000, reason: "as planned" } : {});
  }

  function observe(): void {
    const { told } = witness;
    on("message:settled", (payload) => told.settled(name, payload));
    on("message:retrying", (payload) => told.retrying(name, payload));
    on("message:quarantined", (payload) => told.quarantined(name, payload));
    on("message:gone", told.gone);
    on("message:marked", told.marked);
    on("message:mark-failed", ({ id, reason }) => witness.violated(`the mark of ${id} failed: ${reason}`));
    on("listener:failed", ({ event }) => witness.violated(`a listener of ${event} failed`));
    on("queue:state", ({ queue, to, why }) => {
      // A process that could not renew its record in time has lost the store, even if nobody takes it.
      process.isDeposed ||= why.startsWith("LIFECYCLE_LOST_STORE") && witness.mayLose(name);
      // What is done without the store is not a round of it.
      if (to === "polling" && !process.isDeposed) witness.turnBegan(queue);
    });
    on("queue:polled", ({ queue }) => !process.isDeposed && witness.roundEnded(queue));
    on("queue:cursor-lost", () => witness.note("queue:cursor-lost"));
    on("queue:throttled", () => witness.note("queue:throttled"));
    on("queue:failed", () => witness.note("queue:failed"));
    on("token:refreshed", () => witness.note("token:refreshed"));
    on("daemon:stopped", () => undefined);
  }

  function on<Event extends keyof DaemonEvents>(event: Event, tell: (payload: DaemonEvents[Event]) => unknown): void {
    daemon.on(event, (payload) => {
      if (life.isDead) return;
      witness.happened(name, event, payload);
      tell(payload);
    });
  }
}
