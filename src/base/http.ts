/**
 * The one door to the network, for Graph and for Entra, and for the webhook of the command line.
 *
 * Invariants: every request has a deadline that covers the body too, or, where the body is handed on as a stream, each of
 * its pieces; nothing leaves for a host other than the ones the door was opened for, and redirects are never followed, so
 * a token cannot be carried elsewhere. A door for a webhook leads to its one origin and carries no token at all. The door
 * must not know what the answers mean.
 */
import { type StreamedBody, type StreamLimits, streamedBody } from "./body-stream.js";
import type { Clock } from "./clock.js";
import { MailError, type MailErrorCode } from "./errors.js";
import { sharedWait } from "./shared-wait.js";

/** The part of the global `fetch` that the daemon uses; a host may give its own (proxy, private CA, a test double). */
export type Fetch = typeof globalThis.fetch;

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  /** Hands the body of a 2xx answer on as a stream. Default: it is read whole, as a text. */
  readonly stream?: StreamLimits | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty beside a `body`. */
  readonly text: string;
  /** Of a 2xx answer whose body was asked for as a stream. */
  readonly body?: StreamedBody;
}

/** Sends one request and reads its answer; throws only `MailError`s, or the reason of the caller's own abort. */
export type Http = (request: HttpRequest) => Promise<HttpAnswer>;

export type HttpOptions = MicrosoftDoorOptions | (DoorOptions & WebhookDoor);
/** Of a door to Graph or Entra. */
export type MicrosoftDoorOptions = DoorOptions & MicrosoftDoor;

interface MicrosoftDoor {
  /** Who is asked; names the error codes. */
  readonly service: "GRAPH" | "AUTH";
  /** The only host names that requests may go to, lower case, without port. */
  readonly hosts: readonly string[];
}

interface WebhookDoor {
  readonly service: "DELIVERY_WEBHOOK";
  /** The only origin that requests may go to, as `URL` writes it: https, or http on loopback. No `Authorization` is let through. */
  readonly origin: string;
}

interface DoorOptions {
  /** Milliseconds until a request is given up, its body included; of a body that is a stream, for each piece of it. */
  readonly deadlineMs: number;
  /**
   * Milliseconds that a request which is under way has for its answer after the caller's abort, before its connection is
   * broken off: until it ends, the service counts it among those at once, and what it says of a pause is to be heard.
   * Streams have none. Default 0.
   */
  readonly graceMs?: number;
  /** Default: the global `fetch`, looked up at each call so that it can be stubbed. */
  readonly fetch?: Fetch | undefined;
  readonly clock: Clock;
}

export function createHttp(options: HttpOptions): Http {
  const { service, deadlineMs, graceMs = 0, fetch: given, clock } = options;
  const code = (what: "UNREACHABLE" | "TIMEOUT" | "BAD_RESPONSE"): MailErrorCode => `${service}_${what}`;
  const check = "origin" in options ? onlyTo(options.origin) : onlyAmong(options.hosts);

  return async ({ method, url, headers, body, stream, signal }) => {
    const { host } = check(url, headers, code("BAD_RESPONSE"));
    signal?.throwIfAborted();
    const ended = new AbortController();
    const stopTimer = clock.startTimer(() => ended.abort(), deadlineMs);
    /** Stops the grace, once it has begun. */
    let stopGrace: () => void = () => undefined;
    function forward(): void {
      if (graceMs === 0 || stream) ended.abort();
      else stopGrace = clock.startTimer(() => ended.abort(), graceMs);
    }
    signal?.addEventListener("abort", forward, { once: true });
    let answered = false;
    /** Empty unless more bytes are announced than are wanted. */
    let tooLong: MailError | undefined;

    async function exchange(): Promise<HttpAnswer> {
      const response = await (given ?? globalThis.fetch)(url, {
        method,
        headers,
        redirect: "manual",
        signal: ended.signal,
        ...(body === undefined ? {} : { body }),
      });
      answered = true;
      const answer = { status: response.status, headers: response.headers };
      if (!stream || !response.ok) return { ...answer, text: await response.text() };
      const announced = announcedBytes(response.headers);
      if (announced !== undefined && announced > (stream.maxBytes ?? announced)) {
        tooLong = stream.failure("over");
        throw tooLong;
      }
      // Somebody who gave it up is not there to end it.
      ended.signal.throwIfAborted();
      const limits = { ...stream, clock, idleMs: deadlineMs, announced, signal, letGo: () => ended.abort(), broken };
      return { ...answer, text: "", body: streamedBody(response.body, limits) };
    }

    function broken(why: "idle" | "short" | { readonly error: unknown }): MailError {
      if (why === "idle") return new MailError(code("TIMEOUT"), `${host} gave no more of its answer to ${method} within ${deadlineMs} ms.`);
      const reason = why === "short" ? ": fewer bytes than it announced" : inBrackets(networkCodeOf(why.error));
      return new MailError(code("BAD_RESPONSE"), `${host} broke its answer to ${method} off${reason}.`);
    }

    try {
      // A host's own `fetch` may not listen to its signal.
      return await sharedWait(exchange(), ended.signal);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      // The cause is not kept: a host's own `fetch` may put the request, and with it a token, into its errors.
      if (ended.signal.aborted)
        throw new MailError(code("TIMEOUT"), `${host} gave no complete answer to ${method} within ${deadlineMs} ms.`);
      if (tooLong) {
        ended.abort();
        throw tooLong;
      }
      if (answered) throw broken({ error });
      const networkCode = networkCodeOf(error);
      throw new MailError(code("UNREACHABLE"), `${host} could not be reached${inBrackets(networkCode)}.`, {
        ...(networkCode === undefined ? {} : { networkCode }),
        ...(unsentCodes.has(networkCode) ? { unsent: true } : {}),
      });
    } finally {
      stopTimer();
      stopGrace();
      signal?.removeEventListener("abort", forward);
    }
  };
}

/** Lets a request pass, or refuses it with the code. */
type Check = (url: string, headers: Record<string, string>, code: MailErrorCode) => URL;

function onlyAmong(hosts: readonly string[]): Check {
  return (url, _, code) => {
    const target = URL.canParse(url) ? new URL(url) : undefined;
    const plain = target?.protocol === "https:" && target.port === "" && target.username === "" && target.password === "";
    if (!plain || !hosts.includes(target.hostname)) throw refused(code, target, `https://${hosts.join(", https://")}`);
    return target;
  };
}

/** A webhook's own. What carries a token is refused, though nobody sends it: of two locks one may be forgotten. */
function onlyTo(origin: string): Check {
  return (url, headers, code) => {
    const target = URL.canParse(url) ? new URL(url) : undefined;
    const plain = target?.username === "" && target.password === "" && (target.protocol === "https:" || isLoopback(target));
    const carries = Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
    if (!plain || carries || target.origin !== origin) throw refused(code, target, origin);
    return target;
  };
}

function refused(code: MailErrorCode, target: URL | undefined, only: string): MailError {
  const where = target ? `${target.protocol}//${target.host}` : "a text that is no URL";
  return new MailError(code, `Refused to send a request to ${where}: only ${only} may be asked.`);
}

/** Plain http that leads to this machine. */
export function isLoopback({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/.test(hostname);
}

/** What its length header says; nothing of a packed body, whose length is another. */
function announcedBytes(headers: Headers): number | undefined {
  const length = headers.get("content-length");
  return length !== null && /^\d{1,15}$/.test(length) && headers.get("content-encoding") === null ? Number(length) : undefined;
}

/** Before a connection stood, nothing was sent. */
const unsentCodes: ReadonlySet<string | undefined> = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** The network's own error code, which `fetch` hides some causes down: only what looks like one of the operating system's or undici's. */
function networkCodeOf(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth += 1) {
    const { code } = at as { code?: unknown };
    if (typeof code === "string" && /^[A-Z][A-Z0-9_]{2,39}$/.test(code)) return code;
  }
  return undefined;
}

function inBrackets(code: string | undefined): string {
  return code === undefined ? "" : ` (${code})`;
}
