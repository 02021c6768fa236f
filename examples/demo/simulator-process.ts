/**
 * The process that plays Microsoft 365: users with mailboxes, mail that arrives by the script, and at the end its own
 * account of what it saw.
 * Invariant: it never looks at the daemon; what it reports comes from its mailboxes and its request log alone.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createSimulator, type LogEntry, type Simulator } from "m365-mail-daemon/simulator";
import { mailScript, type ScriptOptions, type Step } from "./mail-script.js";
import type { DemoQueue } from "./queues.js";

/** What the parent may order. */
export type SimulatorOrder =
  | { readonly order: "open"; readonly seed: number; readonly queues: readonly DemoQueue[] }
  | { readonly order: "play"; readonly script: ScriptOptions }
  /** No more mail. */
  | { readonly order: "halt" }
  | { readonly order: "report" };

/** A sign-in that the daemon can use once or keep. */
export interface Credential {
  readonly address: string;
  readonly secret: string;
}

/** A request to Entra or Graph that counts against nobody's mailbox, by its time. */
export interface SimulatorReport {
  readonly traffic: readonly QueueTraffic[];
  /** When Entra was asked, epoch milliseconds. */
  readonly entraAskedAt: readonly number[];
  /** Mails that are marked as read in the mailbox, as queue address, a slash, and the immutable id. */
  readonly read: readonly string[];
}

/** What the request log says of one mailbox. */
export interface QueueTraffic {
  readonly queue: string;
  /** Requests to Graph, a batch counted as one. */
  readonly requests: number;
  /** The most of them at once, a batch counted as four. */
  readonly mostAtOnce: number;
  /** Answers 429, parts of batches included. */
  readonly throttled: number;
  /** Requests that came before a Retry-After had passed. */
  readonly early: number;
}

/** What the parent is told. */
export type SimulatorNews =
  | {
      readonly news: "open";
      readonly url: string;
      readonly tenantId: string;
      readonly clientId: string;
      readonly credentials: readonly Credential[];
    }
  | { readonly news: "arrived"; readonly queue: string; readonly id: string; readonly subject: string; readonly at: number }
  | { readonly news: "wave"; readonly queue: string; readonly count: number }
  /** All mail of the script has arrived, or it was halted. */
  | { readonly news: "played" }
  | { readonly news: "report"; readonly report: SimulatorReport };

const halted = new AbortController();
/** Both empty until the order `open`. */
let opened: Simulator | undefined;
let queues: readonly DemoQueue[] = [];

// The terminal sends Ctrl-C to the whole group; the parent decides what it means.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.exit());
process.on("message", (order: SimulatorOrder) => {
  // A failure ends this process with its stack, which the parent shows.
  void carryOut(order);
});

function tell(news: SimulatorNews): void {
  process.send?.(news);
}

function simulator(): Simulator {
  if (!opened) throw new Error("The simulator has not been opened.");
  return opened;
}

async function carryOut(order: SimulatorOrder): Promise<void> {
  if (order.order === "open") await open(order.seed, order.queues);
  else if (order.order === "play") await play(order.script);
  else if (order.order === "halt") halted.abort();
  else tell({ news: "report", report: report() });
}

async function open(seed: number, wanted: readonly DemoQueue[]): Promise<void> {
  queues = wanted;
  const created = createSimulator({ seed });
  const credentials = queues.map(({ address, method }, index): Credential => {
    const password = `demo-password-${seed}-${index}`;
    const user = created.addUser({ address, password });
    return { address, secret: method === "password" ? password : user.issueRefreshToken() };
  });
  const { url } = await created.listen();
  opened = created;
  tell({ news: "open", url, tenantId: created.tenantId, clientId: created.clientId, credentials });
}

async function play(script: ScriptOptions): Promise<void> {
  const startedAt = Date.now();
  for (const step of mailScript(script)) {
    await sleep(Math.max(0, startedAt + step.atMs - Date.now()), undefined, { signal: halted.signal }).catch(ignoreHalt);
    if (halted.signal.aborted) break;
    carryOutStep(step);
  }
  tell({ news: "played" });
}

function ignoreHalt(error: unknown): void {
  if (!halted.signal.aborted) throw error;
}

function carryOutStep(step: Step): void {
  const { kind, queue } = step;
  if (kind === "throttle") {
    simulator().faults.add({ name: "demo", route: "delta", mailbox: queue, status: 429, retryAfter: step.retryAfterSeconds, count: 1 });
    return;
  }
  if (kind === "wave") tell({ news: "wave", queue, count: step.mails.length });
  for (const mail of step.mails) {
    const at = Date.now();
    const id = simulator().mailbox(queue).deliver(mail);
    tell({ news: "arrived", queue, id, subject: mail.subject, at });
  }
}

function report(): SimulatorReport {
  const { log } = simulator();
  const isEntra = ({ route }: LogEntry) => route === "token" || route === "discovery";
  return {
    entraAskedAt: log
      .entries()
      .filter(isEntra)
      .map(({ startedAt }) => startedAt),
    read: queues.flatMap(({ address }) =>
      simulator()
        .mailbox(address)
        .messages()
        .filter(({ isRead }) => isRead)
        .map(({ id }) => `${address}/${id}`),
    ),
    traffic: queues.map(({ address }) => {
      const entries = log.entries({ mailbox: address }).filter((entry) => !isEntra(entry));
      return {
        queue: address,
        requests: entries.filter(({ batch }) => batch === undefined).length,
        mostAtOnce: log.mostAtOnce(address),
        throttled: entries.filter(({ status }) => status === 429).length,
        early: log.knockedWhileBarred().filter(({ mailbox }) => mailbox === address).length,
      };
    }),
  };
}
