/** This floor's slice of the event map. */
import type { Advice } from "../auth/advice.js";
import type { MailErrorCode } from "../base/errors.js";

/** The states of a queue; `poller.ts` has the table. `elsewhere`: its turns go around, and this process has none of it now. */
export const queueStates = [
  "waiting-for-sign-in",
  "starting",
  "polling",
  "idle",
  "throttled",
  "unavailable",
  "paused",
  "elsewhere",
  "stopped",
] as const;

export type QueueState = (typeof queueStates)[number];

interface AboutQueue {
  /** The queue address as configured. */
  readonly queue: string;
}

export interface ScheduleEvents {
  /** A round of all the queue's folders that are there is complete and recorded; `queue:failed` tells one that is not. */
  "queue:polled": AboutQueue & {
    /** Graph requests sent for the queue since the last such event, marks and readings included; a batch is one. */
    readonly requests: number;
    /** Requests inside batches, which count against Graph's limits as well. */
    readonly batchParts: number;
    readonly pages: number;
    /** New messages to deliver. */
    readonly messages: number;
    /** Milliseconds from the oldest new message's arrival to its record; absent without new messages. */
    readonly lagMs?: number;
    /** Milliseconds until the next round, as planned now. */
    readonly nextInMs: number;
  };
  "queue:state": AboutQueue &
    Advice & {
      readonly from: QueueState;
      readonly to: QueueState;
      /** An error code with its sentence, or what was asked for. */
      readonly why: string;
    };
  /** Graph asked for a pause of this mailbox. */
  "queue:throttled": AboutQueue & {
    /** Epoch milliseconds. */
    readonly until: number;
    /** Graph's code; `MailboxBudgetSpent` when no request is sent before Graph would have to ask for a pause. */
    readonly code: string;
  };
  /**
   * Graph refuses many mailboxes at once: the application's own limit is reached, and nothing is asked of any mailbox
   * before then. After that a few requests go first, and more as they are answered.
   */
  "app:throttled": {
    /** Epoch milliseconds. */
    readonly until: number;
    /** `ManyMailboxesThrottled`. */
    readonly code: string;
  };
  /**
   * The folder's cursor is of no more use (Graph has forgotten it, or its pages did not come to an end): the folder is
   * walked over again. What happened between `from` (the end of the last complete round; absent before the first) and `to`
   * (epoch milliseconds) is found that way; what is known is not delivered again.
   */
  "queue:cursor-lost": AboutQueue & {
    readonly folder: string;
    readonly code: MailErrorCode;
    readonly serviceCode?: string;
    readonly from?: number;
    readonly to: number;
  };
  /**
   * Rounds of the folder are plain listings from now on, since delta does not serve there (a full mailbox, a cloud without
   * it, a walk that has to wait its turn); or they are by delta again. Delivery is the same in both.
   */
  "queue:mode-changed": AboutQueue &
    Advice & {
      readonly folder: string;
      readonly mode: "delta" | "listing";
      /** Why: Graph's code, ours where it gave none, or `noDelta` for a cloud without it. */
      readonly code?: string;
      /** Epoch milliseconds of the next try by delta. */
      readonly nextTryAt?: number;
    };
  /**
   * A watched folder had to be looked for (by its path, below another one) and is not what it was. `appeared`: it is watched
   * from now on. `moved`: it was renamed or moved and is still watched; `path` is where it lies now. `left`: it is watched no
   * longer, as it was deleted or moved away. `repeated`: it is watched already, `as` another entry of `folders` names it.
   */
  "queue:folder-changed": AboutQueue & {
    readonly folder: string;
    readonly change: "appeared" | "moved" | "left" | "repeated";
    readonly path?: string;
    readonly as?: string;
  };
  /** Another user's mailbox lies behind the address (made anew, restored): its folders are walked as at the first start. */
  "queue:mailbox-changed": AboutQueue & {
    /** Entra's object ids. */
    readonly from: string;
    readonly to: string;
  };
  /** A plain listing of all the queue's folders was compared with the ledger. */
  "queue:swept": AboutQueue & {
    /** Messages listed. */
    readonly listed: number;
    /** Of these, those that the ledger knew, or that a round brought meanwhile. */
    readonly known: number;
    /** Of these, those that only the sweep found; each is told by `message:found-by-sweep`. */
    readonly found: number;
    /** Messages that wait for their delivery and are not in the mailbox any more. */
    readonly gone: number;
    /** Messages that Graph counts in the folders and did not list, even when asked again; a folder that is not there counts as one. */
    readonly unlisted: number;
    /** Entries that were dropped, as their messages were in no watched folder for 90 days. */
    readonly pruned: number;
  };
  /**
   * A sweep could not be made; the next is tried in a quarter of an hour, or at its own time if that is sooner. With a
   * `folder`: that one could not be listed to its end; what was listed of it is compared, and the sweep goes on with the others.
   */
  "queue:sweep-failed": AboutQueue & { readonly folder?: string; readonly code: MailErrorCode; readonly reason: string };
  /**
   * A turn failed and will be tried again; the queue's state says when where it is one of its own. Or one of several
   * folders is not there or cannot be read: `folder` names it, `failures` and `nextInMs` are its own, the others go on.
   */
  "queue:failed": AboutQueue &
    Advice & {
      readonly folder?: string;
      readonly code: MailErrorCode;
      readonly reason: string;
      /** Entra's or Graph's own code, where one was given. */
      readonly serviceCode?: string;
      readonly failures: number;
      readonly nextInMs: number;
    };
  /**
   * This process lost the turn of a queue whose turns go around (it was frozen, or cut off): what was under way here is given
   * up, and delivered again where the turn is now.
   */
  "queue:turn-lost": AboutQueue & { readonly code: MailErrorCode; readonly reason: string };
  /** The queue has had no complete round for `staleAfterMs`; told once, until one is complete again. A paused queue is not stale. */
  "queue:stale": AboutQueue &
    Advice & {
      /** Epoch milliseconds of the last complete round; absent before the first. */
      readonly lastRoundAt?: number;
      /** Milliseconds since then, or since the queue was begun or resumed. */
      readonly staleForMs: number;
      readonly state: QueueState;
      /** What keeps it: the last failure, or why the queue is in its state. */
      readonly why: string;
    };
  /** A round is complete again after `queue:stale`. */
  "queue:recovered": AboutQueue & {
    /** Milliseconds in all without a complete round. */
    readonly staleForMs: number;
  };
  /**
   * The queue's oldest undelivered message is so for longer than `lateAfterMs`; told once, until that is over. Not in the first minute
   * after a start or a pause, and not of a paused queue.
   */
  "queue:late": AboutQueue & {
    /** The immutable id of that message. */
    readonly id: string;
    /** Epoch milliseconds at which it was found, or replayed. */
    readonly since: number;
    /** Milliseconds since then. */
    readonly undeliveredForMs: number;
    /** Attempts begun with it. Several: its handler fails; none: it does not get its turn. */
    readonly attempts: number;
    /** Messages of the queue that wait for their (next) delivery. */
    readonly waiting: number;
    /** Deliveries under way. */
    readonly inFlight: number;
    readonly state: QueueState;
  };
  /** After `queue:late`: nothing is undelivered for longer than `lateAfterMs` any more. Looked for every half minute. */
  "queue:late-over": AboutQueue & {
    /** Milliseconds since the limit was passed. */
    readonly lateForMs: number;
  };
}

export type EmitScheduleEvent = <Name extends keyof ScheduleEvents>(name: Name, payload: ScheduleEvents[Name]) => void;
