/**
 * MSAL's network over our one door. MSAL's errors carry neither status nor headers nor the network's reason
 * (measured with msal-node 7.2), so each use of MSAL has an exchange that remembers the last answer.
 *
 * Invariant: an exchange lives as long as one use of MSAL; it holds tokens and is never put into an error.
 */
import type { INetworkModule, NetworkRequestOptions } from "@azure/msal-node";
import type { Clock } from "../base/clock.js";
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
      const json = entraJson(text);
      last = { status, headers, json, askedAt };
      // MSAL reads properties of the body without asking whether there is one.
      return { status, headers: Object.fromEntries(headers), body: (json ?? {}) as T };
    } catch (error) {
      failed = error;
      throw error;
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

/** The JSON object in a text; `undefined` when it is none. */
export function entraJson(text: string): EntraJson | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as EntraJson) : undefined;
}
