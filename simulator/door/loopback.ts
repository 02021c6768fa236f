/**
 * The loopback door: plain HTTP on 127.0.0.1, for clients in other processes.
 * Invariant: it listens on loopback only; a request that does not say which real host it means, by header or in its path, is refused. Knows no route.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cloudOfAuthority, cloudOfGraph } from "../cloud.js";
import type { Answer, Ask, ByteBody, Outcome } from "../exchange.js";
import { type Control, controlPath } from "./control.js";
import { simulatedHostHeader } from "./simulated-host.js";

/** A door that is open. */
export interface LoopbackDoor {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string;
  /** Stops listening and breaks what is still open. */
  close(): Promise<void>;
}

/** Opens the door; port 0 takes any free one. `control` answers below `/simulator/`; without it nothing does. */
export function listenOnLoopback(serve: (ask: Ask) => Promise<Outcome>, port: number, control?: Control): Promise<LoopbackDoor> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const answering = control && isForControl(request) ? answerFor(control, request, response) : answer(serve, request, response);
    answering.catch(() => response.destroy());
  });
  server.maxHeadersCount = 0;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      const { port: opened } = server.address() as AddressInfo;
      resolve({ url: `http://127.0.0.1:${opened}`, close: () => close(server) });
    });
  });
}

function close(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Not one that says which real host it means. */
const isForControl = ({ url, headers }: IncomingMessage) =>
  url?.startsWith(controlPath) === true && headers[simulatedHostHeader] === undefined;

async function answerFor(control: Control, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  const { status, json } = control({ method: request.method ?? "GET", path: request.url ?? "", headers: request.headers, body });
  const text = JSON.stringify(json);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}

async function answer(serve: (ask: Ask) => Promise<Outcome>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  const { host, target } = whatIsMeant(request);
  if (!cloudOfGraph(host) && !cloudOfAuthority(host)) {
    const text = JSON.stringify({
      error: {
        code: "SimulatorUnknownHost",
        message: `Set the ${simulatedHostHeader} header to the real host that is meant, or put the host in front of the path; got "${host}".`,
      },
    });
    response.writeHead(400, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
    return;
  }
  const [path = "/", query = ""] = target.split(/\?(.*)/s);
  const outcome = await serve({
    host,
    method: request.method ?? "GET",
    path,
    query,
    headers: request.headers as Ask["headers"],
    body,
    onGone(listener) {
      if (response.closed) queueMicrotask(listener);
      response.once("close", listener);
      return () => response.off("close", listener);
    },
  });
  if (outcome === "dropped") {
    request.socket.destroy();
    return;
  }
  if (outcome.body === "") {
    response.writeHead(outcome.status, outcome.headers).end();
    return;
  }
  if (typeof outcome.body !== "string") return sendBytes(outcome.status, outcome.headers, outcome.body, response);
  const bytes = Buffer.from(outcome.body);
  response.writeHead(outcome.status, { ...outcome.headers, "content-length": bytes.length }).end(bytes);
}

/** As fast as they are taken; one that breaks off takes the connection with it. */
async function sendBytes(
  status: number,
  headers: Answer["headers"],
  { length, pieces }: ByteBody,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(status, length === undefined ? headers : { ...headers, "content-length": length });
  const from = pieces();
  await pipeline(Readable.from({ [Symbol.iterator]: () => from }, { objectMode: false, highWaterMark: 65_536 }), response);
}

/** The host and what follows it. A browser cannot set the header, so the first part of the path may name the host instead. */
function whatIsMeant(request: IncomingMessage): { host: string; target: string } {
  const target = request.url ?? "/";
  const named = request.headers[simulatedHostHeader];
  if (named !== undefined) return { host: String(named).toLowerCase(), target };
  const [, host = "", rest = ""] = /^\/([^/?]*)(.*)$/s.exec(target) ?? [];
  return { host: host.toLowerCase(), target: rest.startsWith("/") ? rest : `/${rest}` };
}

async function readBody(request: IncomingMessage): Promise<string> {
  if (request.method === "GET") {
    request.resume();
    return "";
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
