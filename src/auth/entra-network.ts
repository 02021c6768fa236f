/**
 * MSAL's network over our one door. MSAL's errors carry neither status nor headers nor the network's reason
 * (measured with msal-node 7.2), so each use of MSAL has an exchange that remembers the last answer.
 *
 * Invariant: an exchange lives as long as one use of MSAL; it holds tokens and is never put into an error.
 */
import type { INetworkModule, NetworkRequestOptions } from "@azure/msal-node";
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { Http } from "../base/http.js";

/** A reply of the token endpoint as JSON; absent when it was none. */
export type EntraJson = Readonly<Record<string, unknown>>;

export interface EntraAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: EntraJson | undefined;
  /** Epoch milliseconds at which it was asked for. */
  readonly askedAt: number;
}

export interface Exchange {
  readonly network: INetworkModule;
  /** The last answer; empty until one came. */
  answer(): EntraAnswer | undefined;
  /** Why no answer came: our own error, or the reason of the caller's abort; empty when one did. */
  failure(): unknown;
}

export interface ExchangeOptions {
  readonly http: Http;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

export function createExchange({ http, clock, signal }: ExchangeOptions): Exchange {
  let last: EntraAnswer | undefined;
  let failed: unknown;

  async function send<T>(method: string, url: string, options: NetworkRequestOptions | undefined) {
    const askedAt = clock.now();
    last = undefined;
    failed = undefined;
    try {
      const { status, headers, text } = await http({
        method,
        url,
        headers: { accept: "application/json", ...options?.headers },
        ...(options?.body === undefined ? {} : { body: options.body }),
        signal,
      });
      const json = objectOf(text);
      last = { status, headers, json, askedAt };
      // MSAL reads properties of the body without asking whether there is one.
      return { status, headers: Object.fromEntries(headers), body: (json ?? {}) as T };
    } catch (error) {
      failed = signal?.aborted ? signal.reason : withoutSecrets(error, new URL(url).host);
      throw failed;
    }
  }

  return {
    network: {
      sendGetRequestAsync: (url, options) => send("GET", url, options),
      sendPostRequestAsync: (url, options) => send("POST", url, options),
    },
    answer: () => last,
    failure: () => failed,
  };
}

function objectOf(text: string): EntraJson | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as EntraJson) : undefined;
}

const sentences: Readonly<Record<string, string>> = {
  AUTH_UNREACHABLE: "could not be reached",
  AUTH_TIMEOUT: "gave no complete answer in time",
  AUTH_BAD_RESPONSE: "broke its answer off, or was not a host that may be asked",
};

/**
 * A host's own `fetch` may put the request, and with it the password or the refresh token, into its errors. So only
 * the code and the network's reason are kept.
 */
function withoutSecrets(error: unknown, host: string): MailError {
  const code = error instanceof MailError && error.code in sentences ? error.code : "AUTH_UNREACHABLE";
  const reason = networkReason(error);
  return new MailError(code, `${host} ${sentences[code] ?? "failed"}${reason ? ` (${reason})` : ""}.`);
}

/** The first code in the chain of causes that looks like one of the operating system's or undici's. */
function networkReason(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth += 1) {
    const { code } = at as { code?: unknown };
    if (!(at instanceof MailError) && typeof code === "string" && /^[A-Z][A-Z0-9_]{2,39}$/.test(code)) return code;
  }
  return undefined;
}
