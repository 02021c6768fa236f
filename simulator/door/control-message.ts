/**
 * A message on its way to a simulator in another process, as JSON.
 * Invariant: what is read is what was written, bytes and dates included. Knows no door.
 */
import type { NewMessage } from "../mailbox/message.js";

/** What is to be put where. */
export interface DeliverOrder {
  readonly address: string;
  /** Default: inbox. */
  readonly folder?: string;
  readonly message: NewMessage;
}

/** As JSON. */
export function writeOrder(order: DeliverOrder): string {
  return JSON.stringify(order, function (this: Record<string, unknown>, name, value: unknown) {
    // A `Buffer` is JSON already when it gets here.
    const held = this[name];
    return held instanceof Uint8Array ? { base64: Buffer.from(held).toString("base64") } : value;
  });
}

/** Throws an `Error` for what is none. */
export function readOrder(text: string): DeliverOrder {
  const order = JSON.parse(text, (name, value: unknown) => {
    if (typeof value === "string") return name === "receivedAt" ? new Date(value) : value;
    const { base64 } = (value ?? {}) as { base64?: unknown };
    return typeof base64 === "string" ? Buffer.from(base64, "base64") : value;
  }) as Partial<Record<keyof DeliverOrder, unknown>> | null;
  const { address, folder, message } = order ?? {};
  const isFolder = folder === undefined || typeof folder === "string";
  if (typeof address !== "string" || !isFolder || typeof message !== "object" || message === null)
    throw new Error("Expected { address, folder?, message }.");
  return order as DeliverOrder;
}
