/** One way of signing in, as the sign-in runs it: what MSAL is asked, how its requests travel, how long it may take. */
import type { AuthenticationResult, PublicClientApplication } from "@azure/msal-node";
import type { Http } from "../../base/http.js";
import { remedyDetails } from "../remedies.js";

/** What a flow is given for one use. */
export interface FlowContext {
  readonly scopes: string[];
  /** Claims that Graph or Entra wants answered (JSON); only a person can answer some of them. */
  readonly claims: string | undefined;
  /** Aborted when the sign-in is over, by whatever. */
  readonly signal: AbortSignal;
}

export interface Flow {
  /** Gets a token out of an MSAL application of its own; throws what MSAL throws, or a `MailError`. */
  acquire(application: PublicClientApplication, context: FlowContext): Promise<AuthenticationResult | null>;
  /** How this flow's requests travel; default: once each. */
  readonly travel?: (http: Http) => Http;
  /** Told once how the sign-in ended, if the flow has somebody to tell. Never throws. */
  readonly ended?: (error: unknown) => Promise<void>;
}

/** What every way of signing in takes beside its own. */
export interface SignInLimits {
  /** Ends the sign-in; nothing is stored then. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole sign-in, 1,000 to 3,600,000. Default 60,000; where a person takes part, 900,000. */
  readonly timeLimitMs?: number;
}

/** What an error carries that a callback of the host's led to. */
export const handedBack = remedyDetails({ remedy: "See the error's cause: it is the host's own.", who: "developer", step: "sign-in" });
