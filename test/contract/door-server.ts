/** A server on loopback that doors are tried on, and what it saw: connections, TLS handshakes, requests. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createPlainServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { deferred } from "../support/deferred.js";
import { selfSigned } from "../support/self-signed.js";

export interface DoorServer {
  readonly url: string;
  readonly server: Server;
  /** PEM to trust, for a TLS server; empty else. */
  readonly ca: string;
  /** Every connection that was opened, in order. */
  readonly connections: Socket[];
  /** TLS handshakes that were completed, resumed ones included. */
  handshakes(): number;
  /** Every request, in order. */
  readonly requests: {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage["headers"];
    readonly socket: Socket;
  }[];
}

export async function doorServer(answer: RequestListener, { tls = false } = {}): Promise<DoorServer> {
  const pem = tls ? selfSigned() : undefined;
  const requests: DoorServer["requests"] = [];
  const listener: RequestListener = (request, response) => {
    const { method = "", url = "", headers, socket } = request;
    requests.push({ method, url, headers, socket });
    answer(request, response);
  };
  const server = pem ? createTlsServer(pem, listener) : createServer(listener);
  // It keeps connections for ever and gives no hint for how long.
  server.keepAliveTimeout = 0;
  const connections: Socket[] = [];
  let handshakes = 0;
  server.on("connection", (socket: Socket) => connections.push(socket));
  server.on("secureConnection", () => {
    handshakes += 1;
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  const url = `${tls ? "https" : "http"}://127.0.0.1:${port}`;
  return { url, server, ca: pem?.cert ?? "", connections, handshakes: () => handshakes, requests };
}

/** A server that takes connections and says nothing, so that no TLS handshake ends. */
export async function muteServer(): Promise<{ readonly url: string; readonly connected: Promise<void> }> {
  const sockets = new Set<Socket>();
  const connected = deferred<void>();
  const server = createPlainServer((socket) => {
    sockets.add(socket.on("error", () => undefined).resume());
    connected.resolve();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  );
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, connected: connected.promise };
}

/** The text of a request's body. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  request.setEncoding("utf8");
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

/** Resolves when the connection is gone for the server too. */
export const closed = (socket: Socket) =>
  new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
