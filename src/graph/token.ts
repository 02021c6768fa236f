/** The contract by which Graph calls get their access token; who keeps and renews tokens is not known here. */
import type { MailError } from "../base/errors.js";

export interface TokenRequest {
  /** The access token that Graph has just refused: if it is still the current one, a new one is fetched. */
  readonly refused?: string;
  /** The claims that Graph wants the next token to answer (JSON, out of its challenge); always leads to a new one. */
  readonly claims?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface TokenSource {
  /** An access token for one account. @throws MailError `AUTH_…` */
  get(request?: TokenRequest): Promise<string>;
  /**
   * Entra's object id of the user whose own mailbox the token opens; absent for another's mailbox, and before the first
   * token.
   */
  readonly owner?: string | undefined;
  /** The name by which that user signs in, an address of the mailbox as a rule; absent and empty likewise. */
  readonly ownerName?: string | undefined;
  /**
   * Graph refused a token that was fetched because it had refused the one before: somebody has to sign in. Says so, and
   * gives the error to end the call with.
   */
  refusedAgain(refusal: { readonly refused: string; readonly claims?: string | undefined; readonly error: MailError }): Promise<MailError>;
}
