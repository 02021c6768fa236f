/** The daemon as a host sees it: everything that it can be asked. */
import type { SignInResult } from "../auth/accounts.js";
import type { SignInMethod } from "../auth/sign-in-method.js";
import type { RotateResult } from "../auth/vault.js";
import type { Listener } from "../base/emitter.js";
import type { MailError } from "../base/errors.js";
import type { QuarantinedMessage } from "../delivery/quarantine.js";
import type { MessageStory } from "../delivery/story.js";
import type { SweepResult } from "../schedule/sweep-verdict.js";
import type { Finding } from "./doctor/finding.js";
import type { DaemonEvents } from "./events.js";
import type { QueueOptions } from "./options.js";
import type { DaemonStatus } from "./status.js";
import type { StatusOfAll } from "./status-of-all.js";

export interface StopOptions {
  /** Milliseconds for the handlers under way and their marks, 0 or more. Default 30,000. */
  readonly deadlineMs?: number;
}

export interface MailDaemon extends AsyncDisposable {
  /**
   * Takes the store and begins to poll. Queues without a token wait for their sign-in; they do not fail the start.
   * Called again it gives the same promise.
   * @throws ConfigError `CONFIG_NO_HANDLER`, `CONFIG_KEY_INVALID`
   * @throws MailError `STORE_…`, `LIFECYCLE_STORE_IN_USE`, `AUTH_VAULT_…` when no record of any queue opens, `LIFECYCLE_STOPPED`
   */
  start(): Promise<void>;
  /**
   * Takes no new work, lets handlers and their marks finish until the deadline, lets go of the store. Called again it
   * gives the same promise. Inside a handler it resolves at once: await `stopped` elsewhere.
   * @throws MailError `STORE_…` when not everything could be let go of; the daemon has stopped all the same
   */
  stop(options?: StopOptions): Promise<void>;
  /** Resolves when the daemon has stopped; with the error when it stopped by itself. Never rejects. */
  readonly stopped: Promise<MailError | undefined>;
  /** Adds a listener; the function returned removes it. */
  on<Name extends keyof DaemonEvents>(name: Name, listener: Listener<DaemonEvents[Name]>): () => void;
  once<Name extends keyof DaemonEvents>(name: Name, listener: Listener<DaemonEvents[Name]>): () => void;
  off<Name extends keyof DaemonEvents>(name: Name, listener: Listener<DaemonEvents[Name]>): void;
  /** From memory, without asking anybody. Of a queue whose turn is another process's it says no more than that (`elsewhere`). */
  status(): DaemonStatus;
  /**
   * The same over all processes that share the queues (see `scheduler`): their queues as their last turns left them, which the
   * store tells, and the processes themselves.
   * @throws MailError `STORE_…`, `LIFECYCLE_STOPPED`
   */
  statusOfAll(): Promise<StatusOfAll>;
  /**
   * Signs a queue's account in, before or after `start()`; nothing is stored unless all of it went well.
   * @throws ConfigError `CONFIG_INVALID`; MailError `AUTH_…`, `GRAPH_…`, `STORE_…`, `LIFECYCLE_UNKNOWN_QUEUE`; the reason of the method's `signal`
   */
  signIn(address: string, method: SignInMethod): Promise<SignInResult>;
  /** Removes the account's tokens from the vault; false when there were none. */
  signOut(address: string): Promise<boolean>;
  /**
   * Asks the key ring anew and seals the whole vault with its first key, while the queues run; records that do not open
   * are left as they are and named.
   * @throws MailError `AUTH_VAULT_KEY_…`, `STORE_…`; ConfigError `CONFIG_KEY_INVALID`
   */
  rotateKeys(): Promise<RotateResult>;
  /**
   * Resolves when the pages of a round that begins now are recorded, as many as may wait for their delivery (see
   * `highWaterMessages`). Safe inside a handler.
   * @throws MailError why the round failed, `LIFECYCLE_NOT_STARTED`, `LIFECYCLE_PAUSED`, `LIFECYCLE_UNKNOWN_QUEUE`
   */
  pollNow(address: string): Promise<void>;
  /**
   * Lists the folders of a queue, or of all, and compares them with the ledger; what no round had brought is delivered.
   * Resolves with the sums over all queues asked when each has been compared; one that fails keeps no other from its
   * sweep. Safe inside a handler.
   * @throws MailError when all have ended: why one of them could not be swept, `LIFECYCLE_NOT_STARTED`, `LIFECYCLE_PAUSED`, `LIFECYCLE_UNKNOWN_QUEUE`
   */
  sweep(address?: string): Promise<SweepResult>;
  /**
   * No rounds and no new deliveries until `resume`. Not kept over a restart; where the queues' turns go around among
   * processes it holds in all of them, and until `resume`.
   */
  pause(address: string): Promise<void>;
  resume(address: string): Promise<void>;
  /**
   * The messages that rest in quarantine, the oldest first.
   * @throws MailError `STORE_…`, `LIFECYCLE_NOT_STARTED`, `LIFECYCLE_UNKNOWN_QUEUE`
   */
  quarantined(address: string): Promise<QuarantinedMessage[]>;
  /**
   * All that is known of a message by its immutable id; nothing when the queue never saw it.
   * @throws MailError `STORE_…`, `LIFECYCLE_NOT_STARTED`, `LIFECYCLE_UNKNOWN_QUEUE`
   */
  explain(address: string, id: string): Promise<MessageStory | undefined>;
  /**
   * Delivers a message again that rests (in quarantine, settled, gone, skipped, or there before the queue went live),
   * with all its attempts before it; resolves when that is durable. A mark that still waits is not made any more. A
   * message that waits for its delivery already is left as it is.
   * @throws MailError `DELIVERY_UNKNOWN_MESSAGE`, `STORE_…`, `LIFECYCLE_NOT_STARTED`, `LIFECYCLE_UNKNOWN_QUEUE`
   */
  replay(address: string, id: string): Promise<void>;
  /**
   * Walks the whole chain of a queue, of several, or of all, from the vault's key and the store over the network, Entra, token, mailbox and
   * folders to the clock, and resolves with what it finds, each with its remedy. Before `start()` too, and beside a daemon of another
   * process. It touches no mail; a token is renewed on the way. It never rejects for what it finds.
   * @throws MailError `LIFECYCLE_UNKNOWN_QUEUE`, `LIFECYCLE_STOPPED`
   */
  doctor(address?: string | readonly string[]): Promise<Finding[]>;
  /** @throws ConfigError `CONFIG_INVALID`, also for an address that is a queue already; MailError `STORE_…`, `LIFECYCLE_STOPPED` */
  addQueue(queue: QueueOptions): Promise<void>;
  /**
   * Lets go of a queue as `stop()` does; its state and token stay in the store. Inside a handler of that queue do not
   * await it: it waits for the handler, until the deadline.
   */
  removeQueue(address: string, options?: StopOptions): Promise<void>;
}
