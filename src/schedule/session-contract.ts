/** One queue while this process owns it: what it is made of, and what it is to its users; `session.ts` puts it together. */
import type { Clock } from "../base/clock.js";
import type { MailError } from "../base/errors.js";
import type { ContentBudget } from "../delivery/content-budget.js";
import type { Delivery } from "../delivery/delivery.js";
import type { Dispatcher } from "../delivery/dispatcher.js";
import type { KeptDoubt } from "../delivery/doubts.js";
import type { EmitDeliveryEvent } from "../delivery/events.js";
import type { IfChangedElsewhere } from "../delivery/foreign.js";
import type { Ledger, LedgerOptions } from "../delivery/ledger.js";
import type { KeptMarks, Outbox } from "../delivery/outbox.js";
import type { Solitude } from "../delivery/solitude.js";
import type { StormRule } from "../delivery/storm-rule.js";
import type { KeptFlow, Storms } from "../delivery/storms.js";
import type { Bar } from "../graph/bar.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import type { MailboxLimits } from "../graph/gate.js";
import type { GateMemory } from "../graph/gate-memory.js";
import type { Governor } from "../graph/governor.js";
import type { TokenSource } from "../graph/token.js";
import type { ContentOptions } from "../mailbox/content-options.js";
import type { FolderIdOf } from "../mailbox/folder-ids.js";
import type { FolderOption } from "../mailbox/folder-name.js";
import type { Mark, MarkAbilities } from "../mailbox/mark.js";
import type { PageSize } from "../mailbox/page-size.js";
import type { TargetFolders } from "../mailbox/target-folders.js";
import type { Store } from "../state/store.js";
import type { EmitScheduleEvent } from "./events.js";
import type { MailboxClaims } from "./mailbox-claims.js";
import type { MissingFolder, MissingFolders } from "./missing-folders.js";
import type { Pacer } from "./pacer.js";
import type { WatchedFolders } from "./watched-folders.js";

/** Where a folder's first walk begins: what was there before is delivered all, if unread, if newer, or not at all. */
export type StartFrom = "now" | "unread" | "everything" | Date;

/** One queue as configured, with every default in place. */
export interface QueueSettings {
  readonly address: string;
  readonly account: string | undefined;
  readonly folders: readonly FolderOption[];
  readonly afterAck: Mark;
  readonly onQuarantine: Mark;
  readonly startFrom: StartFrom;
  readonly content: ContentOptions;
  readonly conversationOrder: "hold" | "release";
  readonly ifChangedElsewhere: IfChangedElsewhere;
  readonly pollIntervalMs: number;
  readonly minPollIntervalMs: number;
  readonly pageSize: number;
  readonly maxInFlight: number;
  readonly maxAttempts: number;
  readonly handlerTimeoutMs: number;
  readonly highWaterBytes: number;
  readonly maxMessageBytes: number;
  readonly storm: StormRule;
  readonly highWaterMessages: number;
  readonly sweepIntervalMs: number;
  readonly staleAfterMs: number;
  readonly lateAfterMs: number;
}

export interface SessionOptions {
  readonly settings: QueueSettings;
  readonly store: Store;
  readonly clock: Clock;
  readonly client: GraphClient;
  readonly tokens: TokenSource;
  readonly confirm?: LedgerOptions["confirm"];
  readonly mailboxLimits: MailboxLimits;
  /** Shared by all queues of the process. */
  readonly governor: Governor;
  /** Whether the cloud has delta rounds of mail folders. */
  readonly hasDelta: boolean;
  /** Whether headers that Graph's JSON does not have are read from the MIME. */
  readonly wantsHeaders: boolean;
  /** What marks can do in the cloud. */
  readonly abilities: MarkAbilities;
  readonly walkPacer: Pacer;
  /** Shared by all queues of the process. */
  readonly claims: MailboxClaims;
  /** Likewise. */
  readonly solitude: Solitude;
  /** Likewise. */
  readonly contentBudget: ContentBudget;
  readonly handOver: (delivery: Delivery) => Promise<unknown> | undefined;
  readonly emit: EmitScheduleEvent & EmitDeliveryEvent;
  /** The queue cannot go on in this process. */
  readonly onFailure: (error: MailError) => void;
  /** Asked before each request, which no commit protects: rejects once the queue is not this process's any more. Default: it is. */
  readonly confirmSend?: (() => Promise<void>) | undefined;
  /** A pause that Graph asked for and that the store may not have. */
  readonly bar?: Bar | undefined;
  /** Keeps each pause that Graph asks for. Default: in the ledger, while the session lasts. */
  readonly recordPause?: ((bar: Bar) => void) | undefined;
  /** See `DispatcherOptions`. */
  readonly insistWithinMs?: number | undefined;
  /** What the owner before knew. Default: nothing. */
  readonly memory?: SessionMemory | undefined;
}

/** What a session knows beyond the ledger. */
export interface SessionMemory {
  readonly missing: ReadonlyMap<string, MissingFolder>;
  readonly troubleSince: ReadonlyMap<string, number>;
  readonly flows: readonly KeptFlow[];
  readonly doubts: readonly KeptDoubt[];
  readonly marks?: KeptMarks | undefined;
  /** Absent where an earlier version wrote it. */
  readonly gate?: GateMemory | undefined;
}

export interface Session {
  readonly settings: QueueSettings;
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly outbox: Outbox;
  readonly mailbox: MailboxAccess;
  /** How many messages to ask for in a page of that folder: what is the matter with one folder makes no page of another smaller. */
  pageSizesOf(folder: string): PageSizes;
  readonly hasDelta: boolean;
  readonly walkPacer: Pacer;
  readonly claims: MailboxClaims;
  /** The folders' own ids by their names as configured, as far as they are known. */
  readonly folderIds: Map<string, string>;
  readonly folderIdOf: FolderIdOf;
  /** The folders that marks move to. */
  readonly targets: () => TargetFolders;
  /** By folder, since when rounds by delta met nothing but the server's trouble, epoch milliseconds; empty where one went well. */
  readonly troubleSince: Map<string, number>;
  readonly storms: Pick<Storms, "flows">;
  /** What is known of messages that alone cannot be read. */
  readonly doubts: readonly KeptDoubt[];
  readonly missing: MissingFolders;
  readonly watched: WatchedFolders;
  /** Object id of the mailbox's user as stored; empty until it was read. */
  owner: string | undefined;
  /** Goes on where the last owner ended. */
  begin(): void;
  /** Lets go of what an idle queue does without; called after a turn that found nothing. */
  rest(): void;
  /** Drains: first the handlers, then their marks, both before the deadline. */
  close(deadlineMs: number): Promise<void>;
  /** `lose` was called. */
  readonly isLost: boolean;
  /** Ends at once, but for what its handlers decide: that is written, where the queue's epoch lets it, until its dispatcher is stopped. */
  lose(reason: MailError): void;
  /** Ends at once, without a write. */
  abandon(reason: MailError): void;
}

/** Of rounds by delta, and of plain listings. */
export interface PageSizes {
  readonly round: PageSize;
  readonly listing: PageSize;
}
