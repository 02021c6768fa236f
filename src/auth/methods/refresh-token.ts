/** Signing in with a refresh token that another system holds: the way to bring an existing sign-in over. */
import type { Acquire } from "../entra.js";

export interface RefreshTokenSignIn {
  readonly method: "refreshToken";
  /** A refresh token of this same client id. */
  readonly refreshToken: string;
}

export function refreshTokenFlow({ refreshToken }: RefreshTokenSignIn): Acquire {
  // Without `forceCache` MSAL stores nothing (measured with msal-node 7.2).
  return (application, scopes) => application.acquireTokenByRefreshToken({ refreshToken, scopes, forceCache: true });
}
