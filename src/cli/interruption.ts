/** A person ended the command by Ctrl-C before it was done: no failure of anything, and whatever gave up for it ends with 130. */
import { MailError } from "../base/errors.js";

/** The errors that were made here. */
const made = new WeakSet<object>();

export function interruptedError(message = "It was interrupted before it was done."): MailError {
  const error = new MailError("LIFECYCLE_STOPPED", message);
  made.add(error);
  return error;
}

export function isInterruption(error: unknown): boolean {
  return made.has(Object(error));
}
