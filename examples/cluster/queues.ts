/** The nine queues of the cluster demo, and the options that all its workers share. */
import type { DemoQueue } from "../demo/queues.js";

export const queues: readonly DemoQueue[] = [
  { address: "support@contoso.com", method: "refreshToken", share: 0.22 },
  { address: "sales@contoso.com", method: "refreshToken", share: 0.16 },
  { address: "orders@contoso.com", method: "refreshToken", share: 0.14 },
  { address: "billing@contoso.com", method: "refreshToken", share: 0.12 },
  { address: "returns@contoso.com", method: "refreshToken", share: 0.1 },
  { address: "repairs@contoso.com", method: "refreshToken", share: 0.08 },
  { address: "press@contoso.com", method: "refreshToken", share: 0.06 },
  { address: "jobs@contoso.com", method: "refreshToken", share: 0.06 },
  { address: "vip@contoso.com", method: "refreshToken", share: 0.06 },
];

/** The waves of mail in which a worker is frozen, and another one killed. */
export const waves = [
  { at: 0.15, queue: "support@contoso.com" },
  { at: 0.65, queue: "orders@contoso.com" },
] as const;

/** Short, so that a take-over can be watched; the default is 30 s. */
export const lockMs = 5_000;
/** Quick polling, as a desk that answers at once would set it. */
export const pollMs = 2_000;
