/**
 * A session: how and when a person signed in, handed on from refresh token to refresh token.
 * Invariant: refreshing never makes a session younger and never changes how it began. Knows no token.
 */
import type { Account } from "../directory.js";

/** How a session began. A browser and a device code met every second factor asked for; a password did not. */
export type SignInWay = "password" | "browser" | "deviceCode";

/** One session. */
export interface Session {
  readonly way: SignInWay;
  readonly startedAt: number;
}

/** What a grant found out. */
export interface SignedIn {
  readonly account: Account;
  readonly session: Session;
  /** To be repeated in the id token. */
  readonly nonce?: string | undefined;
  /** Asked for when the sign-in began, in case the token request brings none. */
  readonly scope?: string | undefined;
  /** The claims parameter with which the sign-in began. */
  readonly claims?: string | undefined;
}
