/**
 * Signing in with a password (ROPC): what set-ups of old used. Microsoft advises against it and it cannot pass
 * multi-factor authentication (identity-platform/v2-oauth-ropc), so it is never used unless asked for.
 */
import type { Acquire } from "../entra.js";

export interface PasswordSignIn {
  readonly method: "password";
  /** Default: the account itself. */
  readonly username?: string;
  /** Kept no longer than the sign-in; tried once. */
  readonly password: string;
}

export function passwordFlow({ username, password }: PasswordSignIn, account: string): Acquire {
  return (application, scopes) => application.acquireTokenByUsernamePassword({ username: username ?? account, password, scopes });
}
