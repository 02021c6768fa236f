/**
 * What follows when Graph refuses a token: another one after the first refusal, the way to the sign-in after the second.
 *
 * Invariant: whoever sends asks here once for each refusal, and sends no more after an error. It must not know what was
 * asked of Graph, nor where tokens come from.
 */
import type { MailError } from "../base/errors.js";
import type { TokenSource } from "./token.js";

export interface TokenRefusal {
  /** The token that was refused. */
  readonly token: string;
  /** The claims that the next one is to answer; see `challenge.ts`. */
  readonly claims: string | undefined;
  /** The refusal, `GRAPH_UNAUTHORIZED`. */
  readonly error: MailError;
}

export interface RenewalOptions {
  /** True when what was refused was sent with a new token already. */
  readonly again: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The token to repeat with. @throws whatever the token source fails with, or says to a second refusal */
export async function renewedToken(
  tokens: TokenSource,
  { token, claims, error }: TokenRefusal,
  { again, signal }: RenewalOptions,
): Promise<string> {
  const asked = claims === undefined ? {} : { claims };
  if (again) throw await tokens.refusedAgain({ refused: token, ...asked, error });
  return tokens.get({ refused: token, ...asked, signal });
}
