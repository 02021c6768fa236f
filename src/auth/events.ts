/** The slice of the event map that belongs to this floor. No payload holds a token. */
import type { MailErrorCode, Responsible } from "../base/errors.js";
import type { EndReason } from "./session-end.js";

interface OfQueue {
  /** The queue address as configured. */
  readonly queue: string;
  /** The signed-in account; the queue address itself unless the queue names another. */
  readonly account: string;
}

/** What is the matter, and who does what about it. */
export interface Alarm {
  readonly code: MailErrorCode;
  /** What happened, in one sentence. */
  readonly reason: string;
  /** What to do about it. */
  readonly remedy: string;
  /** Who has to act. */
  readonly who?: Responsible;
  /** The step of the set-up guide: an anchor in `docs/setup-entra.md`. */
  readonly step?: string;
  /** Entra's AADSTS number, or Graph's code, where it gave one. */
  readonly serviceCode?: string;
  /** What Microsoft's support asks for (status, trace and correlation ids), where Entra gave it. */
  readonly diagnosis?: string;
}

export interface AuthEvents {
  /** The account was signed in, here or by another process. */
  "queue:signed-in": OfQueue & {
    /** How: the `method` of the sign-in. */
    readonly method: string;
  };
  /** The queue cannot go on until somebody signs its account in, or mends the vault. */
  "queue:sign-in-required": OfQueue & Alarm;
  /**
   * Entra refuses the application itself. Told once for all accounts, until the application is accepted again; the
   * queues that it stops are `waiting-for-sign-in` meanwhile and try again by themselves.
   */
  "app:refused": Alarm & {
    /** The account that met it first. */
    readonly account: string;
  };
  /** No account is refused for the application's sake any more. */
  "app:accepted": Record<never, never>;
  /** A new access token is in use, its refresh token durable in the vault. */
  "token:refreshed": OfQueue & {
    /** Epoch milliseconds at which the access token ends. */
    readonly expiresAt: number;
  };
  /**
   * A token will end: the access token that serves could not be renewed yet (`token: "access"`), or the sign-in itself
   * comes to its end (`token: "refresh"`; once a day from a fortnight before, or from the last fifth of a shorter life).
   */
  "token:expiring": OfQueue & {
    readonly token: "access" | "refresh";
    /** Epoch milliseconds at which it ends. */
    readonly expiresAt: number;
    /** Why the sign-in ends: nobody renews it, the tenant's sign-in frequency, or a time that Entra named. */
    readonly why?: EndReason;
    /** What hinders the renewal, where something does. */
    readonly code?: MailErrorCode;
    readonly reason: string;
    readonly remedy?: string;
    readonly who?: Responsible;
    readonly step?: string;
  };
}

export type EmitAuthEvent = <Name extends keyof AuthEvents>(name: Name, payload: AuthEvents[Name]) => void;
