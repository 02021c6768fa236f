/** This floor's slice of the event map. */
import type { MissingPart } from "../mailbox/reduced.js";
import type { ForeignChange } from "./ledger-record.js";

interface AboutMessage {
  /** The queue address as configured. */
  readonly queue: string;
  /** The immutable id. */
  readonly id: string;
}

export interface DeliveryEvents {
  /** A message was acknowledged; durable. */
  "message:settled": AboutMessage & {
    readonly attempt: number;
    /** Epoch milliseconds; when Graph did not say, the time it was found. */
    readonly receivedAt: number;
  };
  /** An attempt failed; the next comes at `nextAt` (epoch milliseconds). */
  "message:retrying": AboutMessage & { readonly attempt: number; readonly reason: string; readonly nextAt: number };
  /**
   * The last attempt failed, or the handler rejected it; it rests and can be replayed. `crashes`: it rests because it
   * ended the process that often while nothing else was in flight.
   */
  "message:quarantined": AboutMessage & { readonly attempts: number; readonly reason: string; readonly crashes?: number };
  /** A message that rested, or waited for its mark, is delivered again on demand; durable. */
  "message:replayed": AboutMessage;
  /** No round brought it, but a sweep did; it is delivered now. */
  "message:found-by-sweep": AboutMessage & {
    /** As configured. */
    readonly folder: string;
  };
  /** The mark was made on the server, or is not needed any more. */
  "message:marked": AboutMessage & {
    readonly outcome: "settled" | "quarantined";
    /** The message is not in the mailbox any more, so there was nothing to mark; absent where it was to be deleted for good. */
    readonly vanished?: true;
  };
  /** The mark can never be made; nothing else is held up. */
  "message:mark-failed": AboutMessage & { readonly reason: string };
  /** It was deleted for good before it could be read: believed after 15 minutes of asking and a listing that does not show it. */
  "message:gone": AboutMessage;
  /** Graph cannot give it whole, for good as it seems: it is delivered with what can be had, once per process told. */
  "message:reduced": AboutMessage & {
    /** Graph's code for the message, or a code of `MailError`. */
    readonly code: string;
    readonly missing: readonly MissingPart[];
  };
  /** Somebody else changed it: a person, another program, or a rule of the mailbox. Each kind of change is told once. */
  "message:changed-elsewhere": AboutMessage & {
    readonly change: ForeignChange;
    /** False: before it was handed over. */
    readonly settled: boolean;
    /** Before it was handed over: what the queue's `ifChangedElsewhere` makes of this change. One `"skip"`, and it is not delivered. */
    readonly action?: "deliver" | "skip";
  };
  /** More mail of one sender or conversation than the queue's `storm` allows; once for each storm. */
  "queue:storm": AboutStorm & {
    /** What becomes of that message and of those that follow. */
    readonly action: "deliver" | "quarantine";
  };
  /** That is over. */
  "queue:storm-over": AboutStorm;
}

/** Which sender or conversation has a storm. */
interface AboutStorm {
  /** The queue address as configured. */
  readonly queue: string;
  /** The immutable id of the message that was one too many. */
  readonly id: string;
  readonly by: "sender" | "conversation";
  /**
   * The conversation's id; of a sender the hash of its address: the first 16 characters of the SHA-256 of its lower-case form, as
   * base64url.
   */
  readonly key: string;
  /** Messages of it so far. */
  readonly messages: number;
  /** Epoch milliseconds at which the first of these was received. */
  readonly since: number;
}

export type EmitDeliveryEvent = <Name extends keyof DeliveryEvents>(name: Name, payload: DeliveryEvents[Name]) => void;
