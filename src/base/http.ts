/**
 * The one door to the network, for Graph and for Entra.
 *
 * Invariants: every request has a deadline that covers the body too; nothing leaves for a host other than the ones
 * the door was opened for, and redirects are never followed, so a token cannot be carried elsewhere.
 * The door must not know what the answers mean.
 */
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
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Sends one request and reads its whole answer; throws only `MailError`s, or the reason of the caller's own abort. */
export type Http = (request: HttpRequest) => Promise<HttpAnswer>;

export interface HttpOptions {
  /** Who is asked; names the error codes. */
  readonly service: "GRAPH" | "AUTH";
  /** The only host names that requests may go to, lower case, without port. */
  readonly hosts: readonly string[];
  /** Milliseconds until a request is given up, its body included. */
  readonly deadlineMs: number;
  /** Default: the global `fetch`, looked up at each call so that it can be stubbed. */
  readonly fetch?: Fetch | undefined;
  readonly clock: Clock;
}

export function createHttp({ service, hosts, deadlineMs, fetch: given, clock }: HttpOptions): Http {
  const code = (what: "UNREACHABLE" | "TIMEOUT" | "BAD_RESPONSE"): MailErrorCode => `${service}_${what}`;

  return async ({ method, url, headers, body, signal }) => {
    const { host } = checkedUrl(url, hosts, code("BAD_RESPONSE"));
    signal?.throwIfAborted();
    const ended = new AbortController();
    const stopTimer = clock.startTimer(() => ended.abort(), deadlineMs);
    const forward = () => ended.abort();
    signal?.addEventListener("abort", forward, { once: true });
    let answered = false;

    async function exchange(): Promise<HttpAnswer> {
      const response = await (given ?? globalThis.fetch)(url, {
        method,
        headers,
        redirect: "manual",
        signal: ended.signal,
        ...(body === undefined ? {} : { body }),
      });
      answered = true;
      return { status: response.status, headers: response.headers, text: await response.text() };
    }

    try {
      // A host's own `fetch` may not listen to its signal.
      return await sharedWait(exchange(), ended.signal);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      // The cause is not kept: a host's own `fetch` may put the request, and with it a token, into its errors.
      if (ended.signal.aborted)
        throw new MailError(code("TIMEOUT"), `${host} gave no complete answer to ${method} within ${deadlineMs} ms.`);
      const reason = networkReason(error);
      if (answered) throw new MailError(code("BAD_RESPONSE"), `${host} broke its answer to ${method} off${reason}.`);
      throw new MailError(code("UNREACHABLE"), `${host} could not be reached${reason}.`, unsentCodes.test(reason) ? { unsent: true } : {});
    } finally {
      stopTimer();
      signal?.removeEventListener("abort", forward);
    }
  };
}

function checkedUrl(url: string, hosts: readonly string[], code: MailErrorCode): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  const plain = target?.protocol === "https:" && target.port === "" && target.username === "" && target.password === "";
  if (!plain || !hosts.includes(target.hostname)) {
    const where = target ? `${target.protocol}//${target.host}` : "a text that is no URL";
    throw new MailError(code, `Refused to send a request to ${where}: only https://${hosts.join(", https://")} may be asked.`);
  }
  return target;
}

/** Before a connection stood, nothing was sent. */
const unsentCodes = /^ \((ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)\)$/;

/** The network's own error code, which `fetch` hides some causes down: only what looks like one of the operating system's or undici's. */
function networkReason(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth += 1) {
    const { code } = at as { code?: unknown };
    if (typeof code === "string" && /^[A-Z][A-Z0-9_]{2,39}$/.test(code)) return ` (${code})`;
  }
  return "";
}
