/** An endpoint on loopback that answers as the test says, with what it was sent at hand. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  /** In the order in which they came whole. */
  readonly received: readonly Received[];
  /** Resolves when that many have come. */
  until(count: number): Promise<void>;
}

/** Answers with a status and headers; with nothing while `undefined`. */
export type Answer = { readonly status: number; readonly headers?: Record<string, string> } | undefined;

export async function receiver(answer: (received: Received) => Answer | Promise<Answer>): Promise<Receiver> {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response: ServerResponse) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const one = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, body: Buffer.concat(pieces).toString() };
    received.push(one);
    for (const look of waiting) look();
    const given = await answer(one);
    if (given) response.writeHead(given.status, given.headers).end("thanks");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mail?from=daemon`,
    received,
    until: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (received.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}
