/** With what a command ends: stable numbers, as scripts read them. */
import { MailError } from "../base/errors.js";
import { isInterruption } from "./interruption.js";

export const exitCodes = {
  /** It did what was asked. */
  done: 0,
  /** It failed, or `doctor` found something that fails. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** A person has to sign in, or the sign-in was refused. */
  signIn: 3,
  /** Entra or Graph cannot be reached, or asks for a pause: later it may work. */
  unavailable: 4,
  /** The store is in use, cannot be read or written, or its keys are not there. */
  store: 5,
  /** Ctrl-C before it was done: the first where the command can give up, else the second. */
  interrupted: 130,
  /** Whoever read standard output has gone. */
  outputClosed: 141,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Of several pieces of work: that of an interrupt, else of the first that failed. */
export function folded(codes: readonly ExitCode[]): ExitCode {
  if (codes.includes(exitCodes.interrupted)) return exitCodes.interrupted;
  return codes.find((code) => code !== exitCodes.done) ?? exitCodes.done;
}

/** By what an error says of itself. */
export function exitCodeOf(error: unknown): ExitCode {
  if (isInterruption(error)) return exitCodes.interrupted;
  if (!(error instanceof MailError)) return exitCodes.failed;
  const { code, retryable } = error;
  if (code.startsWith("CONFIG_")) return exitCodes.usage;
  if (code.startsWith("STORE_") || code.startsWith("AUTH_VAULT_") || code === "LIFECYCLE_STORE_IN_USE" || code === "LIFECYCLE_LOST_STORE")
    return exitCodes.store;
  if (code.startsWith("AUTH_")) return retryable ? exitCodes.unavailable : exitCodes.signIn;
  return code.startsWith("GRAPH_") && retryable ? exitCodes.unavailable : exitCodes.failed;
}
