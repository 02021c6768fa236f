/**
 * The people of the tenant as tests see them. Invariant: one address, one user. Knows no request.
 */
import type { SignInWay } from "./entra/session.js";
import type { MailboxLanguage } from "./mailbox/mailbox-language.js";
import type { SimulatedMailbox, SimulatedMessage } from "./mailbox/simulated-mailbox.js";
import type { RouteName } from "./traffic/route-name.js";
import type { UserState } from "./user-state.js";

/** A user to add to the tenant. */
export interface NewUser extends Partial<UserState> {
  /** Sign-in name and primary address; case does not count. */
  address: string;
  displayName?: string;
  /** Default: a password nobody knows. */
  password?: string;
  /** Further addresses of the same mailbox; they do not sign in. */
  aliases?: readonly string[];
  /** Default: made from the seed. */
  objectId?: string;
  /** In which the folders that every mailbox has are called. Default "en". */
  language?: MailboxLanguage;
}

/** What outlives a mailbox that is made anew. */
export interface RecreateOptions {
  /**
   * Which messages are restored: into the same folders, with new immutable, default and conversation ids, but the same
   * internetMessageId, received time, state and content; delta tells them as arrivals. Default: none.
   */
  keep?: (message: SimulatedMessage) => boolean;
  /** Whether those let in by `grantAccess` are let into the new mailbox, as by an administrator who repairs it. Default true. */
  keepSharing?: boolean;
}

/** One user of the tenant. */
export interface SimulatedUser {
  readonly address: string;
  /** Another one after `recreateMailbox`. */
  readonly objectId: string;
  /** Throws when the user has no mailbox. Whoever holds it sees the new mailbox after `recreateMailbox`. */
  readonly mailbox: SimulatedMailbox;
  /** Changes what an administrator, a policy or a licence makes of the user; what is not named stays. */
  set(changes: Partial<UserState>): void;
  /** A fresh refresh token for this user and the app, as another system would hold it. `way` is how its session began, default "browser". */
  issueRefreshToken(options?: { way?: SignInWay }): string;
  /** Every refresh token so far ends with AADSTS50173; access tokens die as well, those with `cp1` by a claims challenge. */
  revokeSessions(): void;
  /**
   * Sets a new password; as Entra does for password-based tokens, refresh tokens so far end with AADSTS50173. Access tokens live on,
   * but those with `cp1` get a claims challenge.
   */
  setPassword(password: string): void;
  /**
   * Continuous access evaluation: from now on an access token with `cp1` gets a claims challenge unless it was asked for with the
   * claims of that challenge. `route`: only requests (or batch parts) to these routes. Default: all of Graph's.
   */
  requireClaims(options?: { route?: RouteName[] }): void;
  /** Lets another user into this user's mailbox, for tokens with `Mail.ReadWrite.Shared` or `Mail.Read.Shared`. Throws when there is no such user. */
  grantAccess(address: string): void;
  /**
   * Another mailbox behind the address: the user is deleted and made anew with the same address, password and policies.
   * The object id is new; every token so far dies as after `revokeSessions`; the mailbox is new, with new folder ids, and knows no delta
   * link of the old one (400 SyncStateInvalid; 404 where a link spells the old user or folder id). What others let the old user into stays
   * closed to the new one. This user, and `SimulatedMailbox` handles got before, speak of the new one from now on.
   */
  recreateMailbox(options?: RecreateOptions): void;
  /**
   * Plays this person in a browser: opens the authorize URL that the daemon gave, signs in (second factor included) and follows the
   * reply to the redirect address on loopback with the global `fetch`; resolves with the status found there.
   * Rejects when Entra's page keeps the person (wrong password, disabled account) and when the redirect address is not on loopback.
   */
  signInAt(
    url: string,
    options?: {
      /** Typed into the page. Default: the person gets in without one. */
      password?: string;
      /** Presses cancel instead of signing in. Default false. */
      decline?: boolean;
    },
  ): Promise<number>;
  /** Plays this person at the page for device codes. `decline`: refuses the sign-in instead. Throws when nobody waits for that code. */
  enterDeviceCode(userCode: string, options?: { decline?: boolean }): void;
}
