/** This floor's slice of the event map. */

interface AboutMessage {
  /** The queue address as configured. */
  readonly queue: string;
  /** The immutable id. */
  readonly id: string;
}

export interface DeliveryEvents {
  /** A message was acknowledged; durable. */
  "message:settled": AboutMessage & { readonly attempt: number };
  /** An attempt failed; the next comes at `nextAt` (epoch milliseconds). */
  "message:retrying": AboutMessage & { readonly attempt: number; readonly reason: string; readonly nextAt: number };
  /** The last attempt failed, or the handler rejected it; it rests and can be replayed. */
  "message:quarantined": AboutMessage & { readonly attempts: number; readonly reason: string };
  /** The mark was made on the server, or is not needed any more. */
  "message:marked": AboutMessage & {
    readonly outcome: "settled" | "quarantined";
    /** The message is not in the mailbox any more, so there was nothing to mark. */
    readonly vanished?: true;
  };
  /** The mark can never be made; nothing else is held up. */
  "message:mark-failed": AboutMessage & { readonly reason: string };
  /** It was deleted for good before it could be read: believed after 15 minutes. */
  "message:gone": AboutMessage;
}

export type EmitDeliveryEvent = <Name extends keyof DeliveryEvents>(name: Name, payload: DeliveryEvents[Name]) => void;
