/**
 * What an administrator, a policy or a licence makes of a user, settable at any time.
 * Invariant: the defaults describe a user who can sign in in every way. Knows no request and no token.
 */

/** The settable state of a user. */
export interface UserState {
  /** Whether the user's licence carries a mailbox. Default true; without it Graph answers MailboxNotEnabledForRESTAPI. */
  mailbox: boolean;
  /** Whether the user or an administrator has consented to the app. Default true; without it AADSTS65001, at the sign-in page 90094. */
  consented: boolean;
  /** Whether a password alone is refused (AADSTS50076), also when a session that began with one is refreshed. Default false. */
  mfaRequired: boolean;
  /** Whether the user has yet to register a second factor (AADSTS50079), as `mfaRequired`. Default false. */
  mustRegisterMfa: boolean;
  /** Whether another identity provider keeps the password: the password grant is AADSTS50126 whatever the password. Default false. */
  federated: boolean;
  /** Whether the user is a guest: the password grant is AADSTS50020. Default false. */
  guest: boolean;
  /** Whether the account is disabled (AADSTS50057). Default false. */
  disabled: boolean;
  /** Whether the user is assigned to the app (else AADSTS50105). Default true. */
  assigned: boolean;
  /** Whether a policy blocks device codes: AADSTS53003 when one is redeemed, 530036 when a session that began with one is refreshed. Default false. */
  deviceCodeBlocked: boolean;
  /** Whether security defaults block the password grant and device codes (AADSTS530035). Default false. */
  securityDefaults: boolean;
  /** Whether the password has expired (AADSTS50055 wherever it is given); refresh tokens live on. Default false. */
  passwordExpired: boolean;
  /** Seconds after which a session ends (AADSTS70043 on refresh). Default undefined: never. 0: at once. */
  signInFrequencySeconds: number | undefined;
  /**
   * Seconds without use after which a refresh token dies (AADSTS700082), told with each as `refresh_token_expires_in`.
   * Default undefined: 90 days, and nothing is told.
   */
  refreshTokenExpiresInSeconds: number | undefined;
  /**
   * The only permissions of Graph that tokens get, by short names, whatever was asked for; the answer's `scope` says so (RFC 6749 §5.1).
   * Default undefined: all that were asked for.
   */
  permissions: readonly string[] | undefined;
}

/** A user about whom nothing was said. */
export const defaultUserState: Readonly<UserState> = {
  mailbox: true,
  consented: true,
  mfaRequired: false,
  mustRegisterMfa: false,
  federated: false,
  guest: false,
  disabled: false,
  assigned: true,
  deviceCodeBlocked: false,
  securityDefaults: false,
  passwordExpired: false,
  signInFrequencySeconds: undefined,
  refreshTokenExpiresInSeconds: undefined,
  permissions: undefined,
};

/** Takes over the parts of `changes` that belong to the state. */
export function changeUserState(state: UserState, changes: Partial<UserState>): void {
  const known = Object.keys(defaultUserState) as (keyof UserState)[];
  Object.assign(state, Object.fromEntries(known.filter((name) => name in changes).map((name) => [name, changes[name]])));
}
