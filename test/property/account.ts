/** What the model knows of one message: where it was, whether it must arrive, what was done with it. */
import type { Plan } from "./plan.js";

/** One handing-over, as the host sees it. */
export interface HandOver {
  readonly process: string;
  readonly attempt: number;
  readonly at: number;
  /** What the host said and when; empty until it did. */
  verdict: { readonly kind: "ack" | "retry" | "reject"; readonly at: number } | undefined;
  /**
   * `open`: the daemon has not told its end. `lost`: its process ended without telling. `cut`: `stop()` cut it off.
   */
  state: "open" | "retried" | "final" | "lost" | "cut";
}

export type Final = "settled" | "quarantined" | "gone";

export interface Account {
  readonly id: string;
  readonly queue: string;
  readonly subject: string;
  readonly conversationId: string;
  readonly receivedAt: number;
  readonly plan: Plan;
  /** Where it is, and since which moment of the model; empty once removed for good. */
  place: { readonly folder: string; readonly since: number } | undefined;
  isRead: boolean;
  /** It was in a watched folder during the whole of a completed round. */
  mustArrive: boolean;
  /** It may have been old, read mail when the queue's first walk passed it. */
  mayBeBaseline: boolean;
  /** It was old, read mail before the daemon's first start, and nobody has touched it since. */
  isOldMail: boolean;
  readonly handOvers: HandOver[];
  /** Attempts that failed, as the daemon told; one more may have been recorded when a process died. */
  failures: number;
  mayHaveFailedOnce: boolean;
  /** Before then there is no further attempt. */
  notBeforeAt: number;
  /** As the daemon told; empty until then. */
  final: Final | undefined;
  /** What the process that died may have recorded and not told. */
  maybeFinal: Final | undefined;
  /** Others changed it in ways that hide our mark. */
  unreadByOthers: boolean;
  movedByOthers: boolean;
  categorisedByOthers: boolean;
}
