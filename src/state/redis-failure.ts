/**
 * What Redis and the way to it report, in our codes and in words for an operator.
 *
 * Invariant: nothing of what was sent is in them: the library's errors carry their command, which may be a password.
 */
import { MailError } from "../base/errors.js";

/** Whether the server has answered, so that the command was not carried out: all else leaves that open. */
export function isAnswer(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/** Whether the server does not take who we say we are. */
export function isRefusedSignIn(error: unknown): error is Error {
  return isAnswer(error) && /^(WRONGPASS|NOAUTH|NOPERM)|invalid (username|password)/.test(error.message);
}

/** The server speaks, but writes nothing: another may have become the first one. */
export function isElsewhere(error: Error): boolean {
  return /^(READONLY|MASTERDOWN)/.test(error.message);
}

/** In a few words; for the library's empty ones its code. */
export function reason(error: unknown): string {
  const { message, code } = Object(error) as { message?: unknown; code?: unknown };
  const text = typeof message === "string" && message !== "" ? message : String(code ?? error);
  return text.split(/, with args|\n/, 1)[0]?.slice(0, 200) ?? "";
}

/** The error alone, without the command it belongs to. */
function bare(error: unknown): Error {
  return Object.assign(new Error(reason(error)), { name: isAnswer(error) ? error.name : "Error" });
}

export function unavailable(name: string, error: unknown): MailError {
  return new MailError("STORE_UNAVAILABLE", `The store ${name} did not do what was asked: ${reason(error)}.`, {
    cause: bare(error),
    remedy: "See whether the Redis server runs and can be reached; it is tried again.",
  });
}

export function unreachable(name: string, timeoutMs: number, error: unknown): MailError {
  const why = error === undefined ? "it did not answer" : reason(error);
  return new MailError("STORE_UNAVAILABLE", `The store ${name} could not be reached within ${timeoutMs} ms: ${why}.`, {
    ...(error === undefined ? {} : { cause: bare(error) }),
    remedy: "See whether the Redis server runs and can be reached; it is tried again.",
  });
}

export function refusedSignIn(name: string, error: unknown): MailError {
  return new MailError("STORE_NOT_WRITABLE", `The store ${name} does not let us in: ${reason(error)}.`, {
    cause: bare(error),
    who: "developer",
    remedy: "Give a user and password of the Redis server that may read and write the keys of the prefix and run scripts.",
  });
}

export function unfit(name: string, what: string, remedy: string): MailError {
  return new MailError("STORE_NOT_WRITABLE", `The store ${name} cannot be used: ${what}.`, { who: "developer", remedy });
}
