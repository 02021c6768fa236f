/** Signing in with a refresh token that another system holds: the way to bring an existing sign-in over. */
import type { Flow, SignInLimits } from "./flow.js";

export interface RefreshTokenSignIn extends SignInLimits {
  readonly method: "refreshToken";
  /** A refresh token of this same client id. */
  readonly refreshToken: string;
}

export function refreshTokenFlow({ refreshToken }: RefreshTokenSignIn): Flow {
  return {
    // Without `forceCache` MSAL stores nothing (measured with msal-node 7.2).
    acquire: (application, { scopes, claims }) =>
      application.acquireTokenByRefreshToken({ refreshToken, scopes, forceCache: true, ...(claims === undefined ? {} : { claims }) }),
  };
}
