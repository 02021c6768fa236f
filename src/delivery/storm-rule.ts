/** What counts as a storm of one queue, and what becomes of its mail. */
import { z } from "zod";

/** More mail of one sender or one conversation than people write: a robot, or two that answer each other. */
export interface StormOptions {
  /** So many messages of one sender or conversation within `withinMs` are none yet; 0 to 10,000, 0 looks for no storms. Default 100. */
  readonly messages?: number;
  /** The window in milliseconds by the times at which the messages were received, 1 to 86,400,000. Default 600,000 (10 minutes). */
  readonly withinMs?: number;
  /**
   * What becomes of further messages while the storm lasts: they are delivered as always and the storm is only told, or rest in
   * quarantine, from where `replay` delivers them. Default `"deliver"`.
   */
  readonly action?: "deliver" | "quarantine";
}

/** With every default in place. */
export type StormRule = Required<StormOptions>;

export const stormSchema = z.strictObject({
  messages: z.number().int().min(0).max(10_000).optional(),
  withinMs: z.number().int().min(1).max(86_400_000).optional(),
  action: z.enum(["deliver", "quarantine"]).optional(),
});

export function stormRule({ messages = 100, withinMs = 600_000, action = "deliver" }: StormOptions = {}): StormRule {
  return { messages, withinMs, action };
}
