/**
 * What LMDB and the file system report, in our codes and in words for an operator.
 * Decides by error codes where there are any; LMDB's own are numbers.
 */
import { constants } from "node:os";
import { MailError } from "../base/errors.js";

/** LMDB's own codes (lmdb.h) that no waiting mends: not an LMDB file, damaged, or written by an incompatible build. */
const unusableFile = new Set([-30793, -30794, -30796, -30797]);

const { EACCES, EPERM, EROFS, ENOTDIR, EISDIR, EEXIST, ENOENT } = constants.errno;
const notWritable = new Set<unknown>([EACCES, EPERM, EROFS, ENOTDIR, EISDIR, EEXIST, ENOENT]);
const notWritableNames = new Set<unknown>(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EISDIR", "EEXIST", "ENOENT"]);

/** The error of an opening that failed. */
export function openFailure(path: string, cause: unknown): MailError {
  if (cause instanceof MailError) return cause;
  const { code } = Object(cause) as { code?: unknown };
  if (notWritable.has(code) || notWritableNames.has(code)) {
    return new MailError("STORE_NOT_WRITABLE", `The store cannot be kept in ${path}: ${reason(cause)}.`, {
      cause,
      remedy: `Give a folder that the user of this process may create and write, or change the owner of ${path}.`,
    });
  }
  if (typeof code === "number" && unusableFile.has(code)) {
    return new MailError("STORE_NOT_WRITABLE", `${path} holds a file that is no usable LMDB store: ${reason(cause)}.`, {
      cause,
      remedy: "Give another folder, or put back a copy of this one that was made while no process had it open.",
    });
  }
  return new MailError("STORE_UNAVAILABLE", `The store in ${path} could not be opened: ${reason(cause)}.`, { cause });
}

/** The error of a read that failed. */
export function readFailure(path: string, cause: unknown): MailError {
  return new MailError("STORE_UNAVAILABLE", `The store in ${path} could not be read: ${reason(cause)}.`, { cause });
}

/** The error of a write that failed; nothing of it was written. */
export async function writeFailure(path: string, error: unknown): Promise<MailError> {
  const cause = await rootCause(error);
  return new MailError("STORE_UNAVAILABLE", `The store in ${path} could not be written: ${reason(cause)}.`, {
    cause,
    remedy: "See whether the disk is full or failing; writing is tried again.",
  });
}

/** A failed commit carries its reason as a promise that rejects with it. */
async function rootCause(error: unknown): Promise<unknown> {
  const { commitError } = Object(error) as { commitError?: unknown };
  if (!(commitError instanceof Promise)) return error;
  return commitError.then(
    () => error,
    (inner: unknown) => inner,
  );
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
