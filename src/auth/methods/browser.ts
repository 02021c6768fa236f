/**
 * Signing in with a browser: authorization code with PKCE, back to a port on this machine's loopback (RFC 8252). The
 * first choice: every policy and every second factor works, and no secret passes through the host.
 *
 * MSAL has a flow of its own for this (`acquireTokenInteractive`, msal-node 7.2), which cannot be stopped and listens on
 * one address family only; here MSAL makes the address and redeems the code, and the listener is ours.
 */
import { randomBytes } from "node:crypto";
import { CryptoProvider } from "@azure/msal-node";
import { MailError } from "../../base/errors.js";
import { sharedWait } from "../../base/shared-wait.js";
import { refusalOf } from "../entra-refusal.js";
import { listenForRedirect, type Redirect, type RedirectListener } from "../redirect-listener.js";
import { failedPage, signedInPage, waitingPage } from "../redirect-page.js";
import { type Flow, handedBack, type SignInLimits } from "./flow.js";

export interface BrowserSignIn extends SignInLimits {
  readonly method: "browser";
  /** Opens the address in a browser on this machine, or shows it to somebody who does; what it throws ends the sign-in. */
  readonly openUrl: (url: string) => unknown;
  /** Port of the loopback that the browser comes back to, 0 to 65,535, to be forwarded by SSH for instance. Default 0: any free one. */
  readonly port?: number;
}

export interface BrowserFlowOptions {
  readonly account: string;
  /** The authority's host, for messages. */
  readonly host: string;
  readonly now: () => number;
}

export function browserFlow({ openUrl, port = 0 }: BrowserSignIn, { account, host, now }: BrowserFlowOptions): Flow {
  /** Empty until the browser came back. */
  let redirect: Redirect | undefined;
  /** Empty until it listens. */
  let listener: RedirectListener | undefined;

  function codeOf({ fields }: Redirect): string {
    const error = fields.get("error");
    if (error !== null) {
      const json = { error, error_description: fields.get("error_description") ?? "", suberror: fields.get("suberror") ?? "" };
      throw refusalOf({ status: 400, headers: new Headers(), json, askedAt: now() }, { host, now: now() });
    }
    const code = fields.get("code");
    if (code) return code;
    throw new MailError("AUTH_BAD_RESPONSE", "The browser came back with neither a code nor an error.");
  }

  return {
    async acquire(application, { scopes, claims, signal }) {
      const [state, nonce] = [randomBytes(32).toString("base64url"), randomBytes(32).toString("base64url")];
      const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
      listener = await listenForRedirect({ port, state, waitingPage });
      const { redirectUri } = listener;
      const asked = { scopes, redirectUri, nonce, ...(claims === undefined ? {} : { claims }) };
      const url = await application.getAuthCodeUrl({
        ...asked,
        state,
        responseMode: "form_post",
        codeChallenge: challenge,
        codeChallengeMethod: "S256",
        loginHint: account,
      });
      redirect = await sharedWait(Promise.race([listener.redirect, opening(openUrl, url)]), signal);
      return application.acquireTokenByCode({ ...asked, code: codeOf(redirect), codeVerifier: verifier });
    },

    async ended(error) {
      await redirect?.show(error === undefined ? signedInPage(account) : failedPage(account, error));
      listener?.close();
    },
  };
}

/** Ends only by failing: what counts is what comes back. */
async function opening(openUrl: (url: string) => unknown, url: string): Promise<never> {
  try {
    await openUrl(url);
  } catch (cause) {
    throw new MailError("AUTH_SIGN_IN_REQUIRED", "`openUrl` failed, so nobody could be shown the sign-in page.", { cause, ...handedBack });
  }
  return new Promise<never>(() => undefined);
}
