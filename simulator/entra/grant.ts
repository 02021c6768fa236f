/**
 * What a grant of the token endpoint is: it turns the form a client posted into the account that is signed in.
 * Invariant: a grant refuses by throwing `EntraRefusal` and issues nothing itself. Knows no HTTP.
 */
import type { SimulatedCloud } from "../cloud.js";
import type { Account, Directory } from "../directory.js";
import type { Settings } from "../settings.js";
import type { AppState } from "./app.js";
import type { AuthorizationCodes } from "./authorization-codes.js";
import type { DeviceCodes } from "./device-codes.js";
import type { Lockout } from "./lockout.js";
import type { SignedIn } from "./session.js";
import type { TokenIssuer } from "./token-issuer.js";

/** The form of a token request, each parameter once. */
export type TokenForm = ReadonlyMap<string, string>;

/** What grants stand on. */
export interface EntraWorld {
  readonly settings: Settings;
  readonly directory: Directory;
  readonly issuer: TokenIssuer;
  readonly lockout: Lockout;
  readonly app: AppState;
  readonly deviceCodes: DeviceCodes;
  readonly codes: AuthorizationCodes;
}

/** One grant. */
export interface Grant {
  /** Form parameters of its own, beyond those that every grant takes. */
  readonly parameters: readonly string[];
  /** Whether it needs "Allow public client flows" (AADSTS7000218). */
  readonly publicClientFlow: boolean;
  /** Whether the scope may be left out, because it was named when the sign-in began. */
  readonly scopeOptional?: boolean;
  /** Whether /common and /consumers are refused (AADSTS9001023). */
  readonly tenantOnly: boolean;
  /** Whom the request is about, for the log and for faults; never throws. */
  whom(form: TokenForm, world: EntraWorld): Account | undefined;
  /** Signs in. Throws `EntraRefusal`. */
  signIn(form: TokenForm, world: EntraWorld, cloud: SimulatedCloud): SignedIn;
}
