/**
 * Where the browser comes back to: a page on this machine's loopback that takes one answer of Entra's.
 *
 * Invariants: it listens on loopback only, for as long as one sign-in takes; only a form post to its root that carries
 * the sign-in's own state counts, everything else is refused and changes nothing, so that no other page and no other
 * program can end or feed the sign-in; a code never stands in a URL. It must not know what the fields mean.
 */
import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { MailError } from "../base/errors.js";

/** One answer, to be answered with a page. */
export interface Redirect {
  readonly fields: URLSearchParams;
  /** Shows the person how it ended; resolves when the page has been sent. */
  show(page: string): Promise<void>;
}

export interface RedirectListener {
  /** `http://localhost:port`: Entra takes any port for a registered `http://localhost` (RFC 8252 §7.3). */
  readonly redirectUri: string;
  /** Resolves with the first answer that counts; never rejects. */
  readonly redirect: Promise<Redirect>;
  close(): void;
}

export interface RedirectListenerOptions {
  /** 0 takes any free one. */
  readonly port: number;
  /** What Entra gives back unchanged. */
  readonly state: string;
  /** The page for whoever comes without an answer. */
  readonly waitingPage: string;
}

/** Entra's answers are a few kilobytes. */
const longestBodyBytes = 64 * 1024;
/** Other programs may hold the same port of the other family. */
const portTries = 5;

const headers = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  connection: "close",
};

/** @throws MailError `AUTH_REDIRECT_UNAVAILABLE` */
export async function listenForRedirect({ port, state, waitingPage }: RedirectListenerOptions): Promise<RedirectListener> {
  let take: (redirect: Redirect) => void = () => undefined;
  const redirect = new Promise<Redirect>((resolve) => {
    take = resolve;
  });
  let taken = false;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (status: number, text: string) =>
      void response.writeHead(status, { ...headers, "content-type": "text/plain" }).end(text);
    // Another name for this machine (DNS rebinding) is not ours.
    if (!hosts.has(request.headers.host ?? "")) return refuse(421, "Misdirected Request");
    if (request.url !== "/") return refuse(404, "Not Found");
    if (request.method === "GET") return void response.writeHead(200, headers).end(waitingPage);
    if (request.method !== "POST") return refuse(405, "Method Not Allowed");
    if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers["content-type"] ?? "")) return refuse(415, "Unsupported Media Type");
    const body = await bodyOf(request);
    if (body === undefined) return refuse(413, "Content Too Large");
    const fields = new URLSearchParams(body);
    const states = fields.getAll("state");
    if (states.length !== 1 || !same(states[0] as string, state)) return refuse(400, "This is no answer to the sign-in that waits here.");
    if (taken) return refuse(409, "This sign-in has been answered already.");
    taken = true;
    take({ fields, show: (page) => sent(response, page) });
  }

  const { servers, opened } = await listenOnBoth(port, (request, response) => {
    // A connection that breaks has no answer to get.
    answer(request, response).catch(() => response.destroy());
  });
  // Clients leave the port of plain http out.
  const suffixes = opened === 80 ? [":80", ""] : [`:${opened}`];
  const hosts = new Set(["localhost", "127.0.0.1", "[::1]"].flatMap((name) => suffixes.map((suffix) => name + suffix)));
  return {
    redirectUri: `http://localhost:${opened}`,
    redirect,
    close() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** Browsers take `localhost` for either family: whoever held the other one's port would be handed the answer. */
async function listenOnBoth(port: number, listener: Listener): Promise<{ readonly servers: readonly Server[]; readonly opened: number }> {
  for (let tries = 1; ; tries += 1) {
    const first = await listening(listener, "127.0.0.1", port);
    if (!(first instanceof Object)) throw unavailable(port, first);
    const opened = (first.address() as AddressInfo).port;
    const second = await listening(listener, "::1", opened);
    if (second instanceof Object) return { servers: [first, second], opened };
    // A machine without IPv6 loopback.
    if (second !== "EADDRINUSE") return { servers: [first], opened };
    first.close();
    if (port !== 0 || tries === portTries) throw unavailable(opened, second);
  }
}

function listening(listener: Listener, host: string, port: number): Promise<Server | string> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, listener);
  return new Promise((resolve) => {
    server.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code ?? "unknown"));
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

function unavailable(port: number, reason: string): MailError {
  const message = `Port ${port} of this machine's loopback could not be opened for the browser's answer (${reason}).`;
  return new MailError("AUTH_REDIRECT_UNAVAILABLE", message, {
    remedy: "Leave `port` out, so that a free one is taken, or name one that no other program holds.",
    who: "developer",
    step: "browser",
  });
}

/** Empty when it is longer than any answer of Entra's. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= longestBodyBytes) chunks.push(chunk);
  }
  return bytes > longestBodyBytes ? undefined : Buffer.concat(chunks).toString("utf8");
}

function sent(response: ServerResponse, page: string): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve();
    // The person may have closed the window.
    response.once("close", resolve).once("finish", resolve);
    response.writeHead(200, headers).end(page);
  });
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
