/** The five queues of the demo: their addresses, how each is signed in, and the options that all of them share. */

/** A queue and how its account is signed in. */
export interface DemoQueue {
  readonly address: string;
  readonly method: "refreshToken" | "password";
  /** Its share of the mail; all shares together make 1. */
  readonly share: number;
}

export const queues: readonly DemoQueue[] = [
  { address: "support@contoso.com", method: "refreshToken", share: 0.4 },
  { address: "sales@contoso.com", method: "refreshToken", share: 0.24 },
  { address: "billing@contoso.com", method: "refreshToken", share: 0.16 },
  { address: "returns@contoso.com", method: "refreshToken", share: 0.12 },
  { address: "vip@contoso.com", method: "password", share: 0.08 },
];

/** Quick polling, as a desk that answers at once would set it; whatever is not named here has its default. */
export const pollOptions = { pollIntervalMs: 2_000, minPollIntervalMs: 250 } as const;

/** `support@contoso.com` as `support@`, for narrow screens. */
export function shortName(address: string): string {
  return address.slice(0, address.indexOf("@") + 1);
}
