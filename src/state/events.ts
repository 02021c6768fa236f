/** This floor's slice of the event map. */
import type { MailErrorCode } from "../base/errors.js";

export interface StoreEvents {
  /**
   * The store cannot be written or read: told once for the whole daemon. Until `store:recovered` no queue asks for mail
   * that could not be recorded; deliveries that have begun go on, and their ends are recorded as soon as it works again.
   */
  "store:unavailable": {
    /** What it is, with its place. */
    readonly store: string;
    readonly code: MailErrorCode;
    readonly reason: string;
    readonly remedy?: string;
    /** Epoch milliseconds. */
    readonly since: number;
  };
  /** The store takes again as much as it last refused, and the queues go on by themselves. */
  "store:recovered": { readonly store: string; readonly unavailableForMs: number };
}

export type EmitStoreEvent = <Name extends keyof StoreEvents>(name: Name, payload: StoreEvents[Name]) => void;
