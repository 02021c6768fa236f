/** This floor's slice of the event map. */
import type { Advice } from "../auth/advice.js";
import type { MailErrorCode } from "../base/errors.js";

/** The states of a queue; `poller.ts` has the table. */
export type QueueState = "waiting-for-sign-in" | "starting" | "polling" | "idle" | "throttled" | "unavailable" | "paused" | "stopped";

interface AboutQueue {
  /** The queue address as configured. */
  readonly queue: string;
}

export interface ScheduleEvents {
  /** A round of all the queue's folders is complete and recorded. */
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
    /** Graph's code. */
    readonly code: string;
  };
  /** Graph has forgotten the folder's cursor: the folder is walked again, what is known is not delivered again. */
  "queue:cursor-lost": AboutQueue & { readonly folder: string; readonly code: MailErrorCode; readonly serviceCode?: string };
  /** A turn failed and will be tried again; the queue's state says when where it is one of its own. */
  "queue:failed": AboutQueue &
    Advice & {
      readonly code: MailErrorCode;
      readonly reason: string;
      /** Entra's or Graph's own code, where one was given. */
      readonly serviceCode?: string;
      readonly failures: number;
      readonly nextInMs: number;
    };
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
}

export type EmitScheduleEvent = <Name extends keyof ScheduleEvents>(name: Name, payload: ScheduleEvents[Name]) => void;
