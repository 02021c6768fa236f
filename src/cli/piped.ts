/** Standard input as text, to its end. */
import { ConfigError } from "../base/errors.js";

/** @throws ConfigError `CONFIG_INVALID` when it is longer than that many bytes */
export async function readPiped(stdin: NodeJS.ReadableStream, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const piece = Buffer.from(chunk as string | Uint8Array);
    bytes += piece.length;
    if (bytes > mostBytes) throw new ConfigError("CONFIG_INVALID", `Expected standard input to have at most ${mostBytes} bytes.`);
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString("utf8");
}
