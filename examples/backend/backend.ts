/**
 * A contact-centre backend: the daemon opens tickets, Fastify shows them.
 *
 * Invariants: a mail is acknowledged only after its ticket is committed; at the end the daemon drains first, while health
 * still answers, then the door closes, and the database last. It listens on loopback: what faces the world is a proxy's.
 */
import fastify, { type FastifyInstance } from "fastify";
import { createMailDaemon, type MailDaemon, type MailDaemonOptions } from "m365-mail-daemon";
import type { TicketFilter, Tickets } from "./tickets.js";

export interface BackendOptions extends Omit<MailDaemonOptions, "handler"> {
  readonly tickets: Tickets;
}

export interface Backend {
  readonly daemon: MailDaemon;
  /** Starts the daemon and listens; resolves with the address. Port 0 takes any free one. */
  start(port: number): Promise<string>;
  /** Drains and lets go of everything; called again it gives the same promise. */
  stop(): Promise<void>;
}

const ticketsQuery = {
  type: "object",
  additionalProperties: false,
  properties: { queue: { type: "string" }, limit: { type: "integer", minimum: 1, maximum: 1_000, default: 100 } },
} as const;

export function createBackend({ tickets, ...options }: BackendOptions): Backend {
  const daemon = createMailDaemon({
    ...options,
    handler: async (delivery) => {
      const { number, isNew } = await tickets.open(delivery);
      console.log(`ticket ${number} ${isNew ? "is opened" : "was there already"}`);
    },
  });
  const app = fastify();
  addRoutes(app, daemon, tickets);
  /** Empty until the first `stop`. */
  let stopping: Promise<void> | undefined;

  async function letGo(): Promise<void> {
    await daemon.stop({ deadlineMs: 10_000 });
    await app.close();
    await tickets.close();
  }

  return {
    daemon,
    async start(port) {
      await daemon.start();
      return app.listen({ host: "127.0.0.1", port });
    },
    stop() {
      stopping ??= letGo();
      return stopping;
    },
  };
}

function addRoutes(app: FastifyInstance, daemon: MailDaemon, tickets: Tickets): void {
  app.get<{ Querystring: TicketFilter }>("/tickets", { schema: { querystring: ticketsQuery } }, ({ query }) => tickets.list(query));

  // One queue that waits for its sign-in is for a person; only what a restart may mend makes the whole unhealthy.
  app.get("/healthz", (_request, reply) => {
    const { state, storeTrouble, queues } = daemon.status();
    const isWell = state === "running" && storeTrouble === undefined;
    void reply.code(isWell ? 200 : 503).send({
      state,
      storeTrouble: storeTrouble?.why,
      queues: queues.map(({ address, state, why, stale, oldestUndeliveredMs }) => ({ address, state, why, stale, oldestUndeliveredMs })),
    });
  });
}
