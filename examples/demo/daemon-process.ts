/**
 * The process that runs the daemon, as a host application would: the built package, a store on disk, keys from the
 * environment, a handler that opens a ticket.
 * Invariant: it may be killed at any moment; everything it needs to go on is in the store and the environment.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createMailDaemon, type Delivery, environmentKeys, lmdbStore, type MailDaemon } from "m365-mail-daemon";
import { simulatorFetch } from "m365-mail-daemon/simulator";
import { pollOptions, queues } from "./queues.js";
import type { Credential } from "./simulator-process.js";

/** What the parent may order. */
export type DaemonOrder =
  | {
      readonly order: "start";
      readonly url: string;
      readonly tenantId: string;
      readonly clientId: string;
      readonly folder: string;
      /** Empty when the store holds the sign-ins already. */
      readonly credentials: readonly Credential[];
    }
  /** Looks once more into every mailbox, drains and ends. */
  | { readonly order: "finish" };

/** What the parent is told. */
export type DaemonNews =
  | { readonly news: "signed-in"; readonly queue: string }
  | { readonly news: "started" }
  /** The handler was given a mail. */
  | {
      readonly news: "begun";
      readonly queue: string;
      readonly id: string;
      readonly subject: string;
      readonly from: string;
      readonly at: number;
    }
  /** The mail's settlement is durable. */
  | { readonly news: "settled"; readonly queue: string; readonly id: string }
  | { readonly news: "marked"; readonly queue: string; readonly id: string }
  | { readonly news: "throttled"; readonly queue: string; readonly waitMs: number }
  /** The first round after a throttling. */
  | { readonly news: "polled-again"; readonly queue: string; readonly afterMs: number }
  | { readonly news: "trouble"; readonly queue: string; readonly reason: string }
  | { readonly news: "stopped" };

/** Name of the environment variable that holds the vault's keys. */
const keysVariable = "MAIL_DAEMON_KEYS";
/** What a ticket system takes to open a ticket, milliseconds. */
const ticketMs = 60;
/** Empty until the order `start`. */
let running: MailDaemon | undefined;

// The terminal sends Ctrl-C to the whole group; the parent decides what it means.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.exit());
process.on("message", (order: DaemonOrder) => {
  // A failure ends this process with its stack, which the parent shows.
  void (order.order === "start" ? start(order) : finish());
});

function tell(news: DaemonNews, sent: () => void = () => undefined): void {
  process.send?.(news, sent);
}

async function openTicket({ queue, message }: Delivery): Promise<void> {
  tell({ news: "begun", queue, id: message.id, subject: message.subject, from: message.from?.name ?? "", at: Date.now() });
  await sleep(ticketMs);
}

async function start({ url, tenantId, clientId, folder, credentials }: Extract<DaemonOrder, { order: "start" }>): Promise<void> {
  const daemon = createMailDaemon({
    app: { clientId, tenantId },
    queues: queues.map(({ address }) => ({ address })),
    defaults: pollOptions,
    store: lmdbStore(folder),
    vaultKeys: environmentKeys(keysVariable),
    handler: openTicket,
    fetch: simulatorFetch(url),
  });
  running = daemon;
  report(daemon);
  for (const { address, secret } of credentials) {
    const password = queues.find((queue) => queue.address === address)?.method === "password";
    await daemon.signIn(address, password ? { method: "password", password: secret } : { method: "refreshToken", refreshToken: secret });
    tell({ news: "signed-in", queue: address });
  }
  await daemon.start();
  tell({ news: "started" });
}

/** Passes on what the parent shows. */
function report(daemon: MailDaemon): void {
  /** When each throttled queue was told to wait; a queue that is not throttled is not in it. */
  const throttledAt = new Map<string, number>();
  daemon.on("message:settled", ({ queue, id }) => tell({ news: "settled", queue, id }));
  daemon.on("message:marked", ({ queue, id }) => tell({ news: "marked", queue, id }));
  daemon.on("message:mark-failed", ({ queue, reason }) => tell({ news: "trouble", queue, reason }));
  daemon.on("queue:sign-in-required", ({ queue, remedy }) => tell({ news: "trouble", queue, reason: remedy }));
  daemon.on("queue:throttled", ({ queue, until }) => {
    throttledAt.set(queue, Date.now());
    tell({ news: "throttled", queue, waitMs: until - Date.now() });
  });
  daemon.on("queue:polled", ({ queue }) => {
    const at = throttledAt.get(queue);
    if (at !== undefined) tell({ news: "polled-again", queue, afterMs: Date.now() - at });
    throttledAt.delete(queue);
  });
  daemon.on("queue:failed", ({ queue, code, reason }) => {
    if (code !== "GRAPH_THROTTLED") tell({ news: "trouble", queue, reason: `${code}: ${reason}` });
  });
}

async function finish(): Promise<void> {
  await Promise.all(queues.map(({ address }) => running?.pollNow(address)));
  await running?.stop();
  tell({ news: "stopped" }, () => process.disconnect());
}
