/** The contract of an account's tokens within this floor: what `token-source.ts` gives, and what its users must not look behind. */
import type { MailError } from "../base/errors.js";
import type { TokenSource } from "../graph/token.js";
import type { SessionEnd } from "./session-end.js";
import type { VaultRecord } from "./vault-record.js";

export interface TokenState {
  /** `unknown`: not asked yet. */
  readonly state: "unknown" | "ready" | "waiting-for-sign-in";
  /** Epoch milliseconds at which the access token in memory ends. */
  readonly expiresAt?: number;
  /** Why it waits. */
  readonly error?: MailError;
}

/** `get` is the contract of the Graph floor: it throws MailErrors `AUTH_…` and `STORE_…`, or the signal's reason, which ends the wait and not the fetching. */
export interface AccountTokens extends TokenSource {
  /** Resolves when asking again makes sense: at once, or when the record's version has changed. Looks every 5 s. */
  watchForSignIn(signal?: AbortSignal): Promise<void>;
  state(): TokenState;
  /** Takes the record of a sign-in into use. */
  adopt(record: VaultRecord, version: number): void;
  /** Forgets the token in memory; `signedOut` ends the flight under way without a result as well. */
  forget(options?: { readonly signedOut?: boolean }): void;
  /** The record was only sealed anew. */
  renumber(versions: { readonly from: number; readonly to: number }): void;
  /** Claims of Graph's that no token has answered yet, JSON; also those that a sign-in met. */
  openClaims: string | undefined;
  /** Of the record that the token in memory is from; empty without one. */
  readonly version: number | undefined;
  /** When the sign-in ends, and since when its refresh token was not used; empty before the record was read. */
  readonly end: (SessionEnd & { readonly refreshedAt: number }) | undefined;
  /** Ends waits and flights, writes what is unsaved if the store lets it. */
  close(): Promise<void>;
}
