/**
 * The one door to the network, for Graph and for Entra.
 *
 * Invariants: every request has a deadline that covers the body too; nothing leaves for a host other than the ones
 * the door was opened for, and redirects are never followed, so a token cannot be carried elsewhere.
 * The door must not know what the answers mean.
 */
import type { Clock } from "./clock.js";
import { MailError, type MailErrorCode } from "./errors.js";

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
    const target = checkedUrl(url, hosts, code("BAD_RESPONSE"));
    signal?.throwIfAborted();
    const deadline = new AbortController();
    const stopTimer = clock.startTimer(() => deadline.abort(), deadlineMs);
    const forward = () => deadline.abort();
    signal?.addEventListener("abort", forward, { once: true });
    let answered = false;
    try {
      const response = await (given ?? globalThis.fetch)(url, {
        method,
        headers,
        redirect: "manual",
        signal: deadline.signal,
        ...(body === undefined ? {} : { body }),
      });
      answered = true;
      return { status: response.status, headers: response.headers, text: await response.text() };
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      if (deadline.signal.aborted) {
        throw new MailError(code("TIMEOUT"), `${target.host} gave no complete answer to ${method} within ${deadlineMs} ms.`, { cause });
      }
      if (answered) throw new MailError(code("BAD_RESPONSE"), `${target.host} broke its answer to ${method} off.`, { cause });
      throw new MailError(code("UNREACHABLE"), `${target.host} could not be reached (${networkReason(cause)}).`, { cause });
    } finally {
      stopTimer();
      signal?.removeEventListener("abort", forward);
    }
  };
}

function checkedUrl(url: string, hosts: readonly string[], code: MailErrorCode): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target?.protocol !== "https:" || target.port !== "" || target.username !== "" || !hosts.includes(target.hostname)) {
    const where = target ? `${target.protocol}//${target.host}` : "a text that is no URL";
    throw new MailError(code, `Refused to send a request to ${where}: only https://${hosts.join(", https://")} may be asked.`);
  }
  return target;
}

/** The network's own error code (`ECONNRESET`, …), which `fetch` hides one or two causes down. */
function networkReason(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1) {
    const { code } = at as { code?: unknown };
    if (typeof code === "string") return code;
  }
  return error instanceof Error ? error.message : "unknown reason";
}
