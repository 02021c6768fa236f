/**
 * The tokens of a sign-in under way, for its questions to Graph: what Entra has just given, and another where Graph
 * refuses that one. Graph may challenge even a token of this very minute (continuous access evaluation), and who was
 * challenged before may be another process.
 *
 * Invariants: another token is asked for with the refresh token just got, so that nobody is asked and no password sent
 * a second time; it is of the same user; claims that only a person can answer are told, for the next sign-in to ask for.
 * Nothing is stored here. It must not know what Graph is asked.
 */
import { MailError } from "../base/errors.js";
import type { TokenSource } from "../graph/token.js";
import type { Entra } from "./entra.js";
import type { Grant } from "./grant.js";
import { remedyDetails } from "./remedies.js";

export interface GrantedTokens {
  /** For questions that follow one another. */
  readonly source: TokenSource;
  /** The newest; once the questions are answered, the one that they were answered by. */
  readonly grant: Grant;
}

export interface GrantedTokensOptions {
  readonly account: string;
  readonly entra: Entra;
  /** Claims of Graph's (JSON) that no token answers. */
  readonly onUnanswered: (claims: string) => void;
}

export function createGrantedTokens(first: Grant, { account, entra, onUnanswered }: GrantedTokensOptions): GrantedTokens {
  let grant = first;
  return {
    source: {
      async get({ refused, claims, signal } = {}) {
        if (refused !== grant.accessToken) return grant.accessToken;
        const { scopes, cache, account: expected } = grant;
        try {
          grant = await entra.refresh({ scopes, cache, expected, claims, signal });
        } catch (error) {
          if (claims !== undefined) onUnanswered(claims);
          throw error;
        }
        return grant.accessToken;
      },

      refusedAgain({ claims, error }) {
        if (claims === undefined) return Promise.resolve(error);
        onUnanswered(claims);
        return Promise.resolve(challengedAgain(account, error));
      },
    },
    get grant() {
      return grant;
    },
  };
}

function challengedAgain(account: string, { status, serviceCode }: MailError): MailError {
  return new MailError("AUTH_SIGN_IN_REQUIRED", `Graph challenges ${account}'s newest access token as well; nothing was stored.`, {
    ...(status === undefined ? {} : { status }),
    ...(serviceCode === undefined ? {} : { serviceCode }),
    ...remedyDetails({
      who: "user",
      step: "browser",
      remedy: `Sign ${account} in with the browser, which asks for what Graph wants. If Graph goes on refusing, look for the account in Entra ID > Monitoring & health > Sign-in logs.`,
    }),
  });
}
