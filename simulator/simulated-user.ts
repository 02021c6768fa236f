/**
 * The people of the tenant as tests see them. Invariant: one address, one user. Knows no request.
 */
import type { SimulatedMailbox } from "./mailbox/simulated-mailbox.js";

/** A user to add to the tenant. */
export interface NewUser {
  /** Sign-in name and primary address; case does not count. */
  address: string;
  displayName?: string;
  /** Default: a password nobody knows. */
  password?: string;
  /** Further addresses of the same mailbox; they do not sign in. */
  aliases?: readonly string[];
  /** Default: made from the seed. */
  objectId?: string;
  /** Whether there is a mailbox. Default true. */
  mailbox?: boolean;
  /** Whether the user or an administrator has consented to the app. Default true. */
  consented?: boolean;
  /** Whether a password alone is refused (AADSTS50076). Default false. */
  mfaRequired?: boolean;
  /** Whether the account is disabled (AADSTS50057). Default false. */
  disabled?: boolean;
}

/** One user of the tenant. */
export interface SimulatedUser {
  readonly address: string;
  readonly objectId: string;
  /** Throws when the user has no mailbox. */
  readonly mailbox: SimulatedMailbox;
  /** A fresh refresh token for this user and the app, as another system would hold it. */
  issueRefreshToken(): string;
  /** Every refresh token so far ends with AADSTS50173; access tokens die as well. */
  revokeSessions(): void;
  /** Sets a new password; as Entra does for password-based tokens, refresh tokens so far end with AADSTS50173. Access tokens live on. */
  setPassword(password: string): void;
}
