/** The contract by which Graph calls get their access token; who keeps and renews tokens is not known here. */

export interface TokenRequest {
  /** The access token that Graph has just answered 401 for: if it is still the current one, a new one is fetched. */
  readonly refused?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface TokenSource {
  /** An access token for one account. @throws MailError `AUTH_…` */
  get(request?: TokenRequest): Promise<string>;
}
