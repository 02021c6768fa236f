/**
 * Errors as JSON: as a command tells them, and whole, as they travel between the daemon's process and a command's.
 *
 * Invariant: of an error that is none of ours the message alone is told; a cause and a stack never leave their process.
 */
import { z } from "zod";
import { ConfigError, isMailErrorCode, MailError, type MailErrorDetails } from "../base/errors.js";
import { stated } from "../base/stated.js";

export interface ErrorJson {
  readonly code: string;
  readonly message: string;
  readonly queue?: string;
  readonly remedy?: string;
  readonly step?: string;
}

/** What may be told of an error: of what is none of ours its message alone. */
export function errorJson(error: unknown): ErrorJson {
  if (!(error instanceof MailError)) return unexpected(error);
  const { code, message, queue, remedy, step } = error;
  return { code, message, ...stated({ queue, remedy, step }) } as ErrorJson;
}

/** With all that a host would find on it. */
export function wholeErrorJson(error: unknown): Record<string, unknown> {
  if (!(error instanceof MailError)) return { ...unexpected(error) };
  const { code, message, queue, messageId, remedy, who, step, notBeforeAt, unsent, status, serviceCode } = error;
  return { code, message, ...stated({ queue, messageId, remedy, who, step, notBeforeAt, unsent, status, serviceCode }) };
}

const text = z.string().optional().catch(undefined);
const number = z.number().optional().catch(undefined);
const travelled = z.object({
  code: z.string(),
  message: z.string(),
  queue: text,
  messageId: text,
  remedy: text,
  who: z.enum(["user", "administrator", "developer"]).optional().catch(undefined),
  step: text,
  notBeforeAt: number,
  unsent: z.literal(true).optional().catch(undefined),
  status: number,
  serviceCode: text,
});

/** The error as it was made; one whose code this version does not know has its code in the message. */
export function errorOf(json: unknown): Error {
  const parsed = travelled.safeParse(json);
  if (!parsed.success) return new Error("The daemon told an error that cannot be read.");
  const { code, message, ...details } = parsed.data;
  if (code === unexpectedCode) return new Error(message);
  if (!isMailErrorCode(code)) return new Error(`${code}: ${message}`);
  const Kind = code.startsWith("CONFIG_") ? ConfigError : MailError;
  return new Kind(code, message, stated(details) as MailErrorDetails);
}

const unexpectedCode = "UNEXPECTED";

function unexpected(error: unknown): ErrorJson {
  return { code: unexpectedCode, message: error instanceof Error ? error.message : String(error) };
}
