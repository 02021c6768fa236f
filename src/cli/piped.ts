/** Standard input as text, to its end. */
import { addAbortSignal, type Readable } from "node:stream";
import { ConfigError } from "../base/errors.js";
import { interruptedError } from "./interruption.js";

/**
 * @throws ConfigError `CONFIG_INVALID` when it is longer than that many bytes; MailError `LIFECYCLE_STOPPED` (an interruption) when the signal aborts, and then
 * nothing more is read
 */
export async function readPiped(stdin: Readable, mostBytes: number, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of addAbortSignal(signal, stdin)) {
      const piece = Buffer.from(chunk as string | Uint8Array);
      bytes += piece.length;
      if (bytes > mostBytes) throw new ConfigError("CONFIG_INVALID", `Expected standard input to have at most ${mostBytes} bytes.`);
      chunks.push(piece);
    }
  } catch (error) {
    throw signal.aborted ? interruptedError("It was interrupted while standard input was read.") : error;
  }
  return Buffer.concat(chunks).toString("utf8");
}
