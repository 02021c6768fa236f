/**
 * A command's way to the daemon that runs on a store, by its control socket.
 *
 * Invariants: that nobody listens is known from a daemon that does not answer, which is an error: whoever took it for
 * none would work on a store that a live daemon owns. An error of the daemon's is thrown here as it was there.
 */
import { request } from "node:http";
import { type Clock, systemClock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { type Answers, type AsJson, type Given, pathPrefix, type RequestName } from "./control-contract.js";
import { isDeserted, placesOf } from "./control-place.js";
import { errorOf } from "./error-json.js";
import { interruptedError } from "./interruption.js";

export interface RunningDaemon {
  readonly processId: number;
  /** @throws what the daemon's method throws; MailError `LIFECYCLE_CONTROL_UNAVAILABLE`, `LIFECYCLE_STOPPED` (an interruption) after an abort */
  ask<Name extends RequestName>(name: Name, given: Given<Name>): Promise<AsJson<Answers[Name]>>;
}

export interface FindOptions {
  /** Ends every wait. */
  readonly signal?: AbortSignal;
  /** Default: the system clock. */
  readonly clock?: Clock;
}

/** Milliseconds for the first answer: a daemon at work answers in some. */
const helloWithinMs = 10_000;

/**
 * The daemon that runs on the store in the folder; nothing when none listens there.
 * @throws MailError `LIFECYCLE_CONTROL_UNAVAILABLE` when one does and cannot be reached, or does not answer
 */
export async function findDaemon(folder: string, { signal, clock = systemClock }: FindOptions = {}): Promise<RunningDaemon | undefined> {
  const places = await placesOf(folder).catch((error: unknown) => {
    throw reached(error, folder, signal);
  });
  for (const path of places) {
    const late = new AbortController();
    const stopTimer = clock.startTimer(() => late.abort(), helloWithinMs);
    try {
      const hello = await send(path, "hello", {}, signal ? AbortSignal.any([signal, late.signal]) : late.signal);
      const { processId } = hello as Answers["hello"];
      return { processId, ask: (name, given) => asked(path, name, given, signal) };
    } catch (error) {
      if (isDeserted(error)) continue;
      throw late.signal.aborted ? silent(path) : reached(error, path, signal);
    } finally {
      stopTimer();
    }
  }
  return undefined;
}

async function asked<Name extends RequestName>(
  path: string,
  name: Name,
  given: Given<Name>,
  signal: AbortSignal | undefined,
): Promise<AsJson<Answers[Name]>> {
  try {
    return (await send(path, name, given, signal)) as AsJson<Answers[Name]>;
  } catch (error) {
    throw reached(error, path, signal);
  }
}

/** What the daemon answered; throws its errors, and those of the connection as they come. */
function send(path: string, name: RequestName, given: object, signal: AbortSignal | undefined): Promise<unknown> {
  const body = Buffer.from(JSON.stringify(given));
  const headers = { "content-type": "application/json", "content-length": body.length };
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath: path, path: pathPrefix + name, method: "POST", headers, agent: false, ...(signal ? { signal } : {}) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          try {
            resolve(resultOf(Buffer.concat(chunks).toString("utf8")));
          } catch (error) {
            reject(error as Error);
          }
        });
      },
    );
    sent.once("error", reject);
    sent.end(body);
  });
}

/** @throws the error that was answered */
function resultOf(text: string): unknown {
  const { result, error } = JSON.parse(text) as { readonly result?: unknown; readonly error?: unknown };
  if (error !== undefined) throw new Answered(errorOf(error));
  return result;
}

/** Tells an error of the daemon's from one of the way to it. */
class Answered {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

function reached(error: unknown, path: string, signal: AbortSignal | undefined): Error {
  if (error instanceof Answered) return error.error;
  if (signal?.aborted) return interruptedError("It was interrupted before the daemon had answered; the daemon goes on.");
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM") {
    return new MailError("LIFECYCLE_CONTROL_UNAVAILABLE", `The control socket or folder ${path} is another user's.`, {
      cause: error,
      remedy: "Run the command as the user that runs the daemon.",
    });
  }
  const message = `The daemon ended, or broke the connection, before it had answered (${code ?? "no JSON"}).`;
  return new MailError("LIFECYCLE_CONTROL_UNAVAILABLE", message, { cause: error, remedy: "See whether it still runs, and try again." });
}

function silent(path: string): MailError {
  const message = `The daemon at the control socket ${path} did not answer within ${helloWithinMs / 1_000} s.`;
  const remedy = "It is frozen or very busy: see what its process does. If it has to go, end the process; its store stays sound.";
  return new MailError("LIFECYCLE_CONTROL_UNAVAILABLE", message, { remedy });
}
