/**
 * Signing in with a password (ROPC): what set-ups of old used. Microsoft advises against it and it cannot pass
 * multi-factor authentication (identity-platform/v2-oauth-ropc), so it is never used unless asked for, and warned about.
 */
import type { Flow, SignInLimits } from "./flow.js";

export interface PasswordSignIn extends SignInLimits {
  readonly method: "password";
  /** Default: the account itself. */
  readonly username?: string;
  /** Kept no longer than the sign-in. One that was refused is not tried again, over restarts too. */
  readonly password: string;
  /** Tries a password once more that was refused before, after a policy or the account was mended. Default false. */
  readonly tryAgain?: boolean;
}

/** True once the process was warned. */
let warned = false;

export function passwordFlow({ username, password }: PasswordSignIn, account: string): Flow {
  warnOnce();
  return {
    acquire: (application, { scopes, claims }) =>
      application.acquireTokenByUsernamePassword({
        username: username ?? account,
        password,
        scopes,
        ...(claims === undefined ? {} : { claims }),
      }),
  };
}

function warnOnce(): void {
  if (warned) return;
  warned = true;
  process.emitWarning("Signing in with a password is a legacy way that Microsoft advises against and that no second factor can pass.", {
    type: "MailDaemonWarning",
    code: "MAIL_DAEMON_PASSWORD_SIGN_IN",
    detail: 'Sign in with { method: "browser" } where you can (docs/setup-entra.md#sign-in).',
  });
}
