/** What a queue's dispatcher is given, and what it is to its users; `dispatcher.ts` does it, and says by which invariants. */
import type { MailError } from "../base/errors.js";
import type { JsonObject } from "../graph/wire.js";
import type { ContentSource } from "../mailbox/mail-content.js";
import type { MarkAbilities } from "../mailbox/mark.js";
import type { BareMailOptions } from "./bare-mail.js";
import type { ContentBudget } from "./content-budget.js";
import type { Delivery } from "./delivery.js";
import type { Doubts } from "./doubts.js";
import type { IfChangedElsewhere } from "./foreign.js";
import type { OpenEntry } from "./ledger-record.js";
import type { MailboxReading } from "./loader.js";
import type { SettlementsOptions } from "./settlements.js";
import type { Solitude } from "./solitude.js";
import type { Storms } from "./storms.js";

export interface DispatcherOptions extends Omit<SettlementsOptions, "durable">, MailboxReading, Pick<BareMailOptions, "readHeaders"> {
  /** Shared by all queues of the process. */
  readonly solitude: Solitude;
  /** Shared by all queues of the process. */
  readonly contentBudget: ContentBudget;
  /** What marks can do in the cloud. */
  readonly abilities: MarkAbilities;
  /** Where messages have their attachments and their MIME from. */
  readonly contentSource: ContentSource;
  /** Hands a delivery over: the handler's promise, or nothing where a listener settles. */
  readonly handOver: (delivery: Delivery) => Promise<unknown> | undefined;
  /** The ledger refused or failed beyond hope: the queue cannot go on here. */
  readonly onFailure: (error: MailError) => void;
  /** A message is to be handed over for the first time: why it rests instead, where the queue's storm breaker says so. */
  readonly meet: Storms["meet"];
  /** The mailbox's own addresses, as far as they are known now. */
  readonly ownAddresses: () => readonly string[];
  readonly maxInFlight: number;
  readonly handlerTimeoutMs: number;
  readonly highWaterBytes: number;
  readonly maxMessageBytes: number;
  readonly conversationOrder: "hold" | "release";
  readonly ifChangedElsewhere: IfChangedElsewhere;
  readonly doubts: Doubts;
  /** What the host is told for the folder that an entry names. */
  readonly folderName: (folder: string) => string;
  /** The longest wait between two tries of a write that the store did not take, milliseconds. Default 10,000. */
  readonly insistWithinMs?: number | undefined;
}

export interface Dispatcher {
  /** Entries of the ledger that are to be delivered, with their content where it is at hand. */
  add(entries: readonly OpenEntry[], items?: ReadonlyMap<string, JsonObject>): void;
  /** Others changed the message: it is looked at again before it is handed over. */
  refresh(id: string): void;
  /** Resolves when few messages wait with their content, or after that many milliseconds. */
  untilHungry(mostMs: number): Promise<void>;
  pause(): void;
  resume(): void;
  /**
   * Takes no new work, waits for what is in flight, at `deadlineMs` cuts the rest off (their attempts do not count).
   * A store that does not take that either is given up a little later; the next start then counts a crash.
   */
  stop(deadlineMs: number): Promise<void>;
  /**
   * The queue may be somebody else's: nothing is begun any more, and the handlers' signals are aborted. What they decide all the same
   * is written, where the queue's epoch lets it, until `stop` or `abandon`; one that throws from now on has decided nothing.
   */
  lose(reason: MailError): void;
  /** Resolves when what was decided is written, or refused. */
  decided(): Promise<void>;
  /** Ends at once without writing: the queue belongs to somebody else. */
  abandon(reason: MailError): void;
  readonly inFlightCount: number;
  /** Recorded and not in flight. */
  readonly waitingCount: number;
  /** Of those that wait, the ones that are not due: their next attempt, or the next question for what could not be read, has its time. */
  readonly delayedCount: number;
  /** Milliseconds until the first of those that wait is due: 0 while one is; infinite where there is none. */
  readonly firstInMs: number;
}
