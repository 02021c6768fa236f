/**
 * The ticket system that the workers' handlers call: it sees every delivery, whatever becomes of the worker that made it.
 * Knows no queue and no Redis.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

/** What a handler asks for. */
export interface TicketRequest {
  readonly queue: string;
  readonly id: string;
  readonly subject: string;
  /** When the handler was called, epoch milliseconds. */
  readonly at: number;
}

export interface TicketSystem {
  /** Where the worker of that name posts its tickets. */
  url(worker: string): string;
}

/** What it takes to open a ticket, milliseconds. */
const ticketMs = 300;

/** On a free port of the loopback; it keeps no process alive. */
export async function openTicketSystem(onTicket: (worker: string, ticket: TicketRequest) => void): Promise<TicketSystem> {
  const server = createServer((request, response) => {
    void json(request)
      .then(async (ticket) => {
        onTicket(request.url?.slice(1) ?? "", ticket as TicketRequest);
        await sleep(ticketMs, undefined, { ref: false });
        response.writeHead(201).end();
      })
      // Its worker was killed half-way through the request.
      .catch(() => response.destroy());
  })
    .listen(0, "127.0.0.1")
    .unref();
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  return { url: (worker) => `http://127.0.0.1:${port}/${worker}` };
}
