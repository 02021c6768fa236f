/** The slice of the event map that belongs to this floor. No payload holds a token. */
import type { MailErrorCode } from "../base/errors.js";

interface OfQueue {
  /** The queue address as configured. */
  readonly queue: string;
  /** The signed-in account; the queue address itself unless the queue names another. */
  readonly account: string;
}

export interface AuthEvents {
  /** The account was signed in, here or by another process. */
  "queue:signed-in": OfQueue & { readonly method: string };
  /** The queue cannot go on until somebody signs its account in, or mends the vault. */
  "queue:sign-in-required": OfQueue & {
    readonly code: MailErrorCode;
    /** What happened, in one sentence. */
    readonly reason: string;
    /** What to do about it. */
    readonly remedy: string;
    /** Entra's AADSTS number, where it gave one. */
    readonly serviceCode?: string;
  };
  /** A new access token is in use, its refresh token durable in the vault. */
  "token:refreshed": OfQueue & {
    /** Epoch milliseconds at which the access token ends. */
    readonly expiresAt: number;
  };
  /** The access token could not be renewed yet; it still serves, and it is tried again. */
  "token:expiring": OfQueue & {
    /** Epoch milliseconds at which the access token ends. */
    readonly expiresAt: number;
    readonly code: MailErrorCode;
  };
}

export type EmitAuthEvent = <Name extends keyof AuthEvents>(name: Name, payload: AuthEvents[Name]) => void;
