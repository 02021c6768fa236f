/**
 * The links of one queue, with its account's tokens and its way to the mailbox.
 *
 * Invariants: every question is asked once, without repetitions; through the gate of the queue where it runs in this
 * process, else through a gate that keeps to the pause and the count that are stored.
 */
import { graphScopes } from "../../auth/scopes.js";
import type { Clock } from "../../base/clock.js";
import { readBar } from "../../graph/bar.js";
import type { GraphClient, MailboxAccess } from "../../graph/client.js";
import { createGate } from "../../graph/gate.js";
import type { Governor } from "../../graph/governor.js";
import { barKeyOf } from "../../schedule/pause-record.js";
import { memoryKey, readMemory } from "../../schedule/queue-memory.js";
import type { QueueSettings } from "../../schedule/session.js";
import { readSpent, spentKey } from "../../schedule/spent-record.js";
import { askWith, type Connection } from "../connection.js";
import type { DaemonQueue } from "../daemon-queue.js";
import type { DaemonSettings } from "../options.js";
import { accountLinks, type Renewed } from "./account.js";
import type { Link } from "./finding.js";
import { mailboxLinks } from "./mailbox.js";

export interface QueueLinkOptions {
  readonly settings: DaemonSettings;
  readonly connection: Connection;
  readonly governor: Governor;
  readonly running: (address: string) => DaemonQueue | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Of all queues looked at. */
  readonly renewals: Map<string, Promise<Renewed>>;
  /** Whether any queue of the account is another's mailbox. */
  readonly isAccountShared: boolean;
}

/** The sign-in name, in lower case. */
export function accountOf({ address, account = address }: QueueSettings): string {
  return account.toLowerCase();
}

/** Whether the mailbox is another's than the account's own. */
export function isShared(queue: QueueSettings): boolean {
  return accountOf(queue) !== queue.address.toLowerCase();
}

export function queueLinks(queue: QueueSettings, options: QueueLinkOptions): Link[] {
  const { settings, connection, governor, signal, renewals } = options;
  const { cloud, store } = settings;
  const { vault, accounts } = connection;
  const client = askingOnce(connection.client);
  const tokens = accounts.tokens(queue.address);
  const wanted = graphScopes(cloud, options.isAccountShared).map((scope) => scope.slice(scope.lastIndexOf("/") + 1));
  /** Empty until it is needed. */
  let access: Promise<MailboxAccess> | undefined;
  const opened = () => {
    access ??= accessOf(queue, options);
    return access;
  };
  return [
    ...accountLinks({
      account: queue.account ?? queue.address,
      vault,
      tokens,
      // Through the mailbox's gate: a pause that it asked for holds for questions about its user too.
      ask: async (path) => askWith(client, governor, (await opened()).gate)(path, { tokens, signal }),
      wanted,
      renewals,
      signal,
    }),
    ...mailboxLinks({
      settings: queue,
      client,
      cloud,
      store,
      signal,
      access: opened,
      scopes: async () => (await renewals.get(accountOf(queue)))?.scopes,
    }),
  ];
}

async function accessOf(queue: QueueSettings, options: QueueLinkOptions): Promise<MailboxAccess> {
  const { connection, running, governor, clock, settings } = options;
  const { address } = queue;
  const tokens = connection.accounts.tokens(address);
  const here = running(address)?.mailbox;
  if (here) return { ...here, tokens };
  const queueKey = address.toLowerCase();
  const [bar, spent, left] = await settings.store.getMany([barKeyOf(queueKey), spentKey(queueKey), memoryKey(queueKey)]);
  const memory = left && readMemory(left, address).memory?.session.gate;
  const limits = { ...settings.mailboxLimits, width: 1, memory, spentBefore: readSpent(spent?.value, clock.now(), memory?.at) };
  const gate = createGate({ clock, queue: address, governor, ...limits });
  const kept = readBar(bar?.value, clock.now());
  if (kept) gate.keep(kept);
  const root = queue.account === undefined ? "/me" : `/users/${encodeURIComponent(address)}`;
  return { queue: address, root, tokens, gate, counter: { requests: 0, parts: 0 } };
}

/** The same, where a failure is told and not tried again. */
function askingOnce(client: GraphClient): GraphClient {
  return { ...client, call: (mailbox, call) => client.call(mailbox, { ...call, isFinal: () => true }) };
}
