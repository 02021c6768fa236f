/** What the gate of a mailbox knows that the next gate of the same mailbox is to know, in whichever process that is. */
import type { KeptSlice } from "./budget.js";

export interface GateMemory {
  /** Epoch milliseconds at which it was so. */
  readonly at: number;
  /** Requests that count. */
  readonly spent: readonly KeptSlice[];
  /** Bytes that count. */
  readonly uploaded: readonly KeptSlice[];
  /** Refusals since the last success that named no time. */
  readonly unnamed: number;
}
