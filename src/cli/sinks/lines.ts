/**
 * NDJSON: a line for each mail on standard output.
 *
 * Invariants: a mail is acknowledged when the system has taken its whole line (a file: when the line is durable), one
 * line at a time, so a reader that is slow slows the deliveries and nothing gathers in memory. Once nobody reads any more nothing is acknowledged: each
 * delivery waits until the daemon's stop cuts it off, which does not count as an attempt.
 */
import { fstatSync, fsync, writeFile } from "node:fs";
import { promisify } from "node:util";
import { onAbort, sharedWait } from "../../base/shared-wait.js";
import type { Delivery } from "../../delivery/delivery.js";
import { mailJson } from "../mail-json.js";
import type { Sink } from "./sink.js";

/** A reader may pause for as long as it likes: the longest that `extend` takes. */
const noLimitMs = 2 ** 31 - 1;

/** Writes again what a write has left over. */
const writeWhole = promisify<number, string>(writeFile);

/** `sync` makes a file durable. */
export function linesSink(stdout: NodeJS.WritableStream, sync: (fd: number) => Promise<void> = promisify(fsync)): Sink {
  const gone = new AbortController();
  const onGone = (error?: Error | null) => gone.abort((error as NodeJS.ErrnoException | undefined)?.code ?? "closed");
  stdout.on("error", onGone).on("close", onGone);
  let isFirst = true;
  /** The line before: ends when it is written or never will be. */
  let last: Promise<unknown> = Promise.resolve();

  async function put(delivery: Delivery): Promise<void> {
    // Its turn may come when it was cut off already.
    delivery.signal.throwIfAborted();
    if (gone.signal.aborted) return cutOff(delivery.signal);
    const line = `${JSON.stringify(mailJson(delivery))}\n`;
    const file = fileOf(stdout);
    const error = file === undefined ? await written(stdout, line) : await appended(file, line);
    if (file !== undefined && !error) await sync(file);
    if (!error) return;
    onGone(error);
    await cutOff(delivery.signal);
  }

  /** Node's own stream of a file takes a short write, as of a disk that fills, for a whole one. */
  async function appended(file: number, line: string): Promise<Error | undefined> {
    // What an earlier run has left may end in the middle of a line.
    const text = isFirst && fstatSync(file).size > 0 ? `\n${line}` : line;
    try {
      await writeWhole(file, text);
      isFirst = false;
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  return {
    where: "standard output, a line of JSON for each mail",
    tellsReasons: true,
    gone: gone.signal,
    async handler(delivery) {
      delivery.extend(noLimitMs);
      const mine = last.then(() => sharedWait(put(delivery), delivery.signal));
      last = mine.catch(() => undefined);
      await sharedWait(mine, delivery.signal);
    },
    close: () => void stdout.off("error", onGone).off("close", onGone),
  };
}

function written(stdout: NodeJS.WritableStream, line: string): Promise<Error | null | undefined> {
  return new Promise((resolve) => void stdout.write(line, resolve));
}

/** Its descriptor where it was redirected into a file. */
function fileOf(stdout: NodeJS.WritableStream): number | undefined {
  const { fd } = stdout as { fd?: unknown };
  return typeof fd === "number" && fstatSync(fd).isFile() ? fd : undefined;
}

/** Until the delivery is cut off. */
function cutOff(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    else onAbort(signal, reject as (reason: unknown) => void);
  });
}
