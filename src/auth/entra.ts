/**
 * Entra behind one face: a fresh MSAL application for each use, over our own network door.
 *
 * Invariants: nothing of MSAL outlives a call, so no user's token can reach another's cache and nothing grows
 * (measured: shared applications did both); MSAL logs nothing; only `MailError`s leave, or the reason of the caller's
 * abort. It must not know where grants are kept, nor what they are for.
 */
import { type AuthenticationResult, LogLevel, PublicClientApplication } from "@azure/msal-node";
import type { Clock } from "../base/clock.js";
import type { Cloud } from "../base/cloud.js";
import { MailError } from "../base/errors.js";
import type { Http } from "../base/http.js";
import { createExchange } from "./entra-network.js";
import { refusalOf } from "./entra-refusal.js";
import { type ExpectedAccount, type Grant, grantOf } from "./grant.js";
import type { Flow } from "./methods/flow.js";
import { remedyDetails, signInRemedy } from "./remedies.js";

export interface Acquisition {
  /** The Graph scopes to ask for. */
  readonly scopes: readonly string[];
  /** MSAL's serialized cache to begin with. Default: empty. */
  readonly cache?: string;
  /** Whose token it must be. Default: anybody's. */
  readonly expected?: ExpectedAccount;
  /** Claims that Graph's challenge wants answered, JSON. */
  readonly claims?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Entra {
  /**
   * Runs one MSAL flow in an application of its own.
   * @throws MailError `AUTH_SIGN_IN_REQUIRED`, `AUTH_APP_REFUSED`, `AUTH_UNAVAILABLE`, `AUTH_UNREACHABLE`, `AUTH_TIMEOUT`,
   * `AUTH_BAD_RESPONSE`, `AUTH_WRONG_ACCOUNT`
   */
  acquire(acquisition: Acquisition, flow: Flow): Promise<Grant>;
  /** A new access token for the account of a grant's cache. Throws like `acquire`. */
  refresh(acquisition: Acquisition & { readonly cache: string; readonly expected: ExpectedAccount }): Promise<Grant>;
}

export interface EntraOptions {
  readonly clientId: string;
  /** The tenant's id or one of its domains. */
  readonly tenantId: string;
  readonly cloud: Cloud;
  /** The door of the service AUTH, opened for the cloud's authority host. */
  readonly http: Http;
  readonly clock: Clock;
}

export function createEntra({ clientId, tenantId, cloud, http, clock }: EntraOptions): Entra {
  const host = cloud.authorityHost;
  // MSAL knows the endpoints of all four authority hosts by heart, so it asks for no discovery document (msal-common 16.16,
  // AuthorityMetadata.ts); naming the host as known keeps it from asking the global cloud should it forget one.
  // CP1 says that we answer claims challenges: tokens then live up to 28 h and end early where something happened
  // (continuous access evaluation, identity-platform/app-resilience-continuous-access-evaluation).
  const auth = { clientId, authority: `https://${host}/${tenantId}`, knownAuthorities: [host], clientCapabilities: ["CP1"] };
  const loggerOptions = { loggerCallback: () => undefined, piiLoggingEnabled: false, logLevel: LogLevel.Error };

  async function acquire({ scopes, cache, expected, claims, signal = neverAborted }: Acquisition, flow: Flow): Promise<Grant> {
    signal.throwIfAborted();
    const exchange = createExchange({ http: flow.travel?.(http) ?? http, clock, signal });
    const application = new PublicClientApplication({ auth, system: { networkClient: exchange.network, loggerOptions } });
    if (cache !== undefined) application.getTokenCache().deserialize(cache);
    let result: AuthenticationResult | null = null;
    let thrown: unknown;
    try {
      result = await flow.acquire(application, { scopes: [...scopes], claims, signal });
    } catch (error) {
      thrown = error;
    }
    const failure = exchange.failure();
    if (failure !== undefined) throw failure;
    // The flow's own verdict, or the reason of the abort.
    if (thrown instanceof MailError || (signal.aborted && thrown !== undefined)) throw thrown;
    const answer = exchange.answer();
    if (!answer) throw unasked(thrown);
    if (answer.status !== 200 || !answer.json || "error" in answer.json) throw refusalOf(answer, { host, now: clock.now() });
    if (thrown !== undefined) {
      throw new MailError("AUTH_BAD_RESPONSE", `Entra's answer could not be used (${msalCode(thrown)}).`, { status: answer.status });
    }
    return grantOf({ result, answer, cache: application.getTokenCache().serialize(), scopes, expected });
  }

  return {
    acquire,
    refresh: (acquisition) =>
      acquire(acquisition, {
        async acquire(application, { scopes, claims }) {
          const account = await application.getTokenCache().getAccountByHomeId(acquisition.expected.homeAccountId);
          return (
            account && application.acquireTokenSilent({ account, scopes, forceRefresh: true, ...(claims === undefined ? {} : { claims }) })
          );
        },
      }),
  };
}

/** For uses that nobody ends early. */
const neverAborted = new AbortController().signal;

/** MSAL gave up before it asked anybody: the cache holds nothing to refresh with, or MSAL did not like the request. */
function unasked(thrown: unknown): MailError {
  const code = msalCode(thrown);
  if (thrown === undefined || code === "no_tokens_found" || code === "refresh_token_expired") {
    return new MailError("AUTH_SIGN_IN_REQUIRED", "There is no refresh token to go on with.", remedyDetails(signInRemedy));
  }
  return new MailError("AUTH_APP_REFUSED", `The request to Entra could not be made (${code}).`, {
    ...remedyDetails({ remedy: "Check clientId, tenantId and the cloud option.", who: "developer", step: "register-the-app" }),
  });
}

/** MSAL's own code; its messages are not repeated, they may quote Entra. */
function msalCode(error: unknown): string {
  const { errorCode } = (error ?? {}) as { errorCode?: unknown };
  return typeof errorCode === "string" && /^[a-z_]{3,60}$/.test(errorCode) ? errorCode : "unknown reason";
}
