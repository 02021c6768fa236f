/**
 * Where a running daemon says how it is: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever starts and
 * restarts it.
 *
 * Invariants: on loopback unless another place is asked for, and there only for whoever calls it by a name of this
 * machine; it reads, and changes nothing. That it answers shows that the event loop turns. It must not know how the
 * daemon was made.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ConfigError } from "../base/errors.js";
import type { MailDaemon } from "../daemon/mail-daemon.js";
import { type Health, liveness, readiness } from "./health.js";
import { type Prometheus, prometheusType } from "./prometheus.js";

export interface HttpEndpointOptions {
  readonly daemon: Pick<MailDaemon, "status">;
  /** 0 picks a free one. */
  readonly port: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** What `/metrics` gives; without it there is none. */
  readonly prometheus?: Pick<Prometheus, "text"> | undefined;
}

export interface HttpEndpoint {
  /** Its address, such as `http://127.0.0.1:9464`. */
  readonly url: string;
  /** Takes no more requests and ends those under way. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const loopback = "127.0.0.1";
const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

/** @throws ConfigError `CONFIG_INVALID` when the port cannot be opened there */
export async function openHttpEndpoint({ daemon, port, host = loopback, prometheus }: HttpEndpointOptions): Promise<HttpEndpoint> {
  const routes = new Map<string, () => Answer | Promise<Answer>>([
    ["/healthz", () => healthAnswer(liveness(daemon.status()))],
    ["/readyz", () => healthAnswer(readiness(daemon.status()))],
    ...(prometheus ? ([["/metrics", async () => plain(200, await prometheus.text(), prometheusType)]] as const) : []),
  ]);
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    const path = (request.url ?? "").split("?", 1)[0] as string;
    answerTo(request, { route: routes.get(path), isOwnName: isOwnName(request, server, host) })
      // Of what went wrong inside nothing is told here.
      .catch(() => plain(500, "Internal Server Error\n"))
      .then((answer) => send(response, answer, request.method === "HEAD"))
      .catch(() => response.destroy());
  });
  await listen(server, { port, host });
  const { port: opened, family, address } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${opened}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answerTo(
  { method }: IncomingMessage,
  { route, isOwnName }: { readonly route: (() => Answer | Promise<Answer>) | undefined; readonly isOwnName: boolean },
): Promise<Answer> {
  if (!isOwnName) return plain(421, "Misdirected Request\n");
  if (!route) return plain(404, "Not Found\n");
  if (method !== "GET" && method !== "HEAD") return plain(405, "Method Not Allowed\n");
  return route();
}

/** Another name for this machine's loopback (DNS rebinding) is not ours; elsewhere the name is whoever asks' affair. */
function isOwnName({ headers: { host: given = "" } }: IncomingMessage, server: Server, host: string): boolean {
  if (host !== loopback && host !== "::1" && host !== "localhost") return true;
  const name = given.replace(/:\d+$/, "").toLowerCase();
  const port = /:(\d+)$/.exec(given)?.[1] ?? "80";
  const opened = (server.address() as AddressInfo | null)?.port;
  return (name === "localhost" || name === loopback || name === "[::1]") && Number(port) === opened;
}

function healthAnswer({ isWell, body }: Health): Answer {
  return plain(isWell ? 200 : 503, `${JSON.stringify(body)}\n`, "application/json; charset=utf-8");
}

function plain(status: number, body: string, type = "text/plain; charset=utf-8"): Answer {
  return { status, body, type };
}

function send(response: ServerResponse, { status, type, body }: Answer, isHead: boolean): void {
  const length = String(Buffer.byteLength(body));
  response.writeHead(status, { ...headers, "content-type": type, "content-length": length }).end(isHead ? undefined : body);
}

function listen(server: Server, { port, host }: { readonly port: number; readonly host: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", ({ code = "unknown" }: NodeJS.ErrnoException) =>
      reject(
        new ConfigError("CONFIG_INVALID", `Expected \`http.port\` ${port} to be free on ${host}, got ${code} when it was opened.`, {
          who: "developer",
          remedy: "Name another port, or 0 for a free one, and a host of this machine.",
        }),
      ),
    );
    server.listen({ host, port, exclusive: true }, resolve);
  });
}
