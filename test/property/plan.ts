/** What the host does with a message at each of its attempts, and what must come of it. Knows no daemon. */

/** One attempt of the host: after a while it acknowledges, asks again, gives up for good, or never ends. */
export interface Behaviour {
  readonly does: "ack" | "throw" | "retry" | "reject" | "hang";
  /** Milliseconds until it does so; beyond twice the time-out that is too late to count. */
  readonly afterMs: number;
  /** By the delivery's own methods; otherwise by the handler's end, where that can say it. */
  readonly explicit: boolean;
}

/** By attempt; what is not planned is acknowledged at once. */
export type Plan = readonly Behaviour[];

/** The time-out of the model's handlers, milliseconds. */
export const handlerTimeoutMs = 20_000;
export const maxAttempts = 3;
/** What `retry` asks for, milliseconds: longer than a conversation is held. */
export const retryAfterMs = 90_000;

const atOnce: Behaviour = { does: "ack", afterMs: 0, explicit: false };

export function behaviourAt(plan: Plan, attempt: number): Behaviour {
  return plan[attempt - 1] ?? atOnce;
}

/** What one attempt comes to when nothing cuts it off. */
export function verdictOf({ does, afterMs }: Behaviour): "ack" | "retry" | "reject" {
  if (does === "hang" || afterMs > 2 * handlerTimeoutMs) return "retry";
  return does === "throw" ? "retry" : does;
}

/** Where a message ends that is not taken away before. */
export function outcomeOf(plan: Plan): "settled" | "quarantined" {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const verdict = verdictOf(behaviourAt(plan, attempt));
    if (verdict !== "retry") return verdict === "ack" ? "settled" : "quarantined";
  }
  return "quarantined";
}
