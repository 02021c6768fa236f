/**
 * A second door to the network for big installations: `fetch` over `undici.request`, at a third to a half of the global one's CPU, with
 * connections that are kept for minutes.
 *
 * Invariants: nothing is sent twice and no redirect is followed; an answer is given whole or ends in an error; errors have the
 * shape of the global `fetch`'s (a `TypeError` whose cause has the network's code, or the signal's own reason).
 */
import { z } from "zod";
import { checked } from "./check.js";
import type { Fetch } from "./http.js";
import { LazyResponse } from "./lazy-response.js";
import { sharedWait } from "./shared-wait.js";
import { stated } from "./stated.js";
import { type Authorities, loadedUndici, requireUndici, type UndiciAgent, type UndiciLibrary } from "./undici-library.js";

export interface UndiciFetchOptions {
  /**
   * The most connections to one host, 1 to 10,000; further requests wait for a free one, within their deadline, as one connection
   * carries one request at a time. Default 128.
   */
  readonly connections?: number;
  /**
   * Milliseconds for which an idle connection is kept, 1,000 to 600,000. Where the server says for how long it keeps one, that holds
   * instead. Default 110,000: longer than the default `pollIntervalMs`, and shorter than the 120 seconds after which IIS closes idle
   * connections by default, as users of Graph have seen (msgraph-sdk-javascript 455).
   */
  readonly keepAliveTimeoutMs?: number;
  /** Milliseconds until a connection must stand, TLS included, 100 to 600,000. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** URL of an HTTP proxy through which all goes, `http://` or `https://`, with name and password in it if it wants them. Default: none. */
  readonly proxy?: string | URL;
  /**
   * The certificate authorities to trust, as PEM, for the servers and an `https:` proxy. As in Node's `tls` they take the place of Node's
   * own; to trust those too, add `...tls.rootCertificates`. Default: Node's own, `NODE_EXTRA_CA_CERTS` included.
   */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
}

const whole = (least: number, most: number) => z.number().int().min(least).max(most);
const isPem = (value: unknown) => (typeof value === "string" && value !== "") || value instanceof Uint8Array;

const optionsSchema = z.strictObject({
  connections: whole(1, 10_000).optional(),
  keepAliveTimeoutMs: whole(1_000, 600_000).optional(),
  connectTimeoutMs: whole(100, 600_000).optional(),
  proxy: z
    .custom<string | URL>((value) => /^https?:$/.test(proxyUrl(value)?.protocol ?? ""), {
      error: "the URL of a proxy, http:// or https://",
    })
    .optional(),
  ca: z
    .custom<Authorities>((value) => (Array.isArray(value) ? value.length > 0 && value.every(isPem) : isPem(value)), {
      error: "certificates as PEM, one or a list",
    })
    .optional(),
});

const proxyUrl = (value: unknown) =>
  (typeof value === "string" || value instanceof URL) && URL.canParse(String(value)) ? new URL(String(value)) : undefined;

/**
 * A `fetch` for `options.fetch` over the package `undici` (an optional peer, loaded by this call), with an agent of its own.
 *
 * It gives redirects as they are, whatever host they name, and refuses to be asked otherwise; asks for gzip and unpacks it. Answers have
 * all of a `Response`, without being an instance of it. Idle connections do not keep the process alive.
 * @throws ConfigError `CONFIG_INVALID` for an option, `CONFIG_PACKAGE_MISSING` when `undici` is not installed
 */
export function undiciFetch(options: UndiciFetchOptions = {}): Fetch {
  return undiciFetchOver(requireUndici, options);
}

/** `undiciFetch` over a given package; `load` throws as `require` does. */
export function undiciFetchOver(load: () => UndiciLibrary, options: UndiciFetchOptions = {}): Fetch {
  const agent = openAgent(load, options);
  return async (input, init = {}) => {
    const { url, method, headers, body, signal } = await askedBy(input, init);
    signal?.throwIfAborted();
    try {
      const path = url.pathname + url.search;
      // undici hears an abort only when a connection stands.
      const answer = await sharedWait(agent.request({ origin: url.origin, path, method, headers, body, ...stated({ signal }) }), signal);
      return new LazyResponse(answer, url.href, signal);
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw new TypeError("fetch failed", { cause });
    }
  };
}

/** @throws ConfigError `CONFIG_INVALID`, `CONFIG_PACKAGE_MISSING` */
function openAgent(load: () => UndiciLibrary, options: UndiciFetchOptions): UndiciAgent {
  const {
    connections = 128,
    keepAliveTimeoutMs = 110_000,
    connectTimeoutMs = 10_000,
    proxy,
    ca,
  } = checked(optionsSchema, options, "undiciFetch");
  const { Agent, ProxyAgent } = loadedUndici(load);
  const pool = { connections, keepAliveTimeout: keepAliveTimeoutMs };
  const connect = { timeout: connectTimeoutMs, ...stated({ ca }) };
  return proxy === undefined
    ? new Agent({ ...pool, connect })
    : new ProxyAgent({ ...pool, uri: String(proxy), requestTls: connect, proxyTls: connect });
}

interface Asked {
  readonly url: URL;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | null;
  readonly signal: AbortSignal | undefined;
}

/** What `fetch` was asked, as undici takes it; what the daemon never gives goes the long way through a `Request`. */
async function askedBy(input: Parameters<Fetch>[0], init: RequestInit): Promise<Asked> {
  if (init.redirect !== undefined && init.redirect !== "manual") {
    throw new TypeError(`undiciFetch follows no redirects: ask with \`redirect: "manual"\`, not "${init.redirect}"`);
  }
  const { body = null, signal } = init;
  const isPlain = typeof input === "string" || input instanceof URL;
  if (isPlain && (body === null || typeof body === "string")) {
    const headers = headerRecord(init.headers);
    if (body !== null) headers["content-type"] ??= "text/plain;charset=UTF-8";
    return { url: new URL(input), method: (init.method ?? "GET").toUpperCase(), headers, body, signal: signal ?? undefined };
  }
  const request = new Request(input, init);
  return {
    url: new URL(request.url),
    method: request.method.toUpperCase(),
    headers: headerRecord(request.headers),
    body: request.body === null ? null : new Uint8Array(await request.arrayBuffer()),
    signal: request.signal,
  };
}

/** By lower-case name, with what the global `fetch` adds, so that both doors look alike to the service. */
function headerRecord(given: RequestInit["headers"]): Record<string, string> {
  const record: Record<string, string> = { accept: "*/*", "accept-encoding": "gzip", "user-agent": "node" };
  const isRecord = given !== undefined && !(given instanceof Headers) && !(Symbol.iterator in given);
  const pairs = isRecord ? Object.entries(given) : new Headers(given as Headers | undefined);
  for (const [name, value] of pairs) record[name.toLowerCase()] = String(value);
  return record;
}
