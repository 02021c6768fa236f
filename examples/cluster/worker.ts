/**
 * One of several processes that share the same queues, as a host would write it: the store and the turns on Redis, a
 * handler that opens a ticket over HTTP, a log of JSON lines. Start as many as you like, on as many machines; each has the
 * same settings in its environment. SIGTERM drains it: what it has in hand is finished, its queues go to the others.
 *
 * Invariant: it may be killed or frozen at any moment; all that the others need to go on is in Redis.
 */
import { bullmqScheduler, createMailDaemon, type Delivery, environmentKeys, redisStore } from "m365-mail-daemon";
import { simulatorFetch } from "m365-mail-daemon/simulator";
import { pino } from "pino";

const {
  MAIL_DAEMON_CLIENT_ID: clientId = "",
  MAIL_DAEMON_TENANT_ID: tenantId = "",
  MAIL_DAEMON_QUEUES: addresses = "support@contoso.com",
  MAIL_DAEMON_PREFIX: prefix = "m365-mail-daemon",
  MAIL_DAEMON_LOCK_MS: lockMs = "30000",
  MAIL_DAEMON_POLL_MS: pollMs = "30000",
  MAIL_DAEMON_SIMULATOR: simulator,
  REDIS_URL: redis = "redis://127.0.0.1:6379",
  TICKETS_URL: tickets = "http://127.0.0.1:3000/tickets",
} = process.env;

const daemon = createMailDaemon({
  app: { clientId, tenantId },
  queues: addresses.split(" ").map((address) => ({ address })),
  defaults: { pollIntervalMs: Number(pollMs), minPollIntervalMs: Number(pollMs) / 8 },
  store: redisStore({ url: redis, prefix }),
  scheduler: bullmqScheduler({ connection: redis, prefix, lockMs: Number(lockMs) }),
  vaultKeys: environmentKeys("MAIL_DAEMON_KEYS"),
  handler: openTicket,
  logger: pino({ level: "debug" }),
  logAddresses: true,
  ...(simulator ? { fetch: simulatorFetch(simulator) } : {}),
});
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void daemon.stop({ deadlineMs: 10_000 }));
await daemon.start();
if (await daemon.stopped) process.exitCode = 1;

/** Resolves: acknowledged. Throws: the mail comes again. By its key the ticket system knows a mail that it has already. */
async function openTicket({ queue, key, message, signal }: Delivery): Promise<void> {
  signal.throwIfAborted();
  const response = await fetch(tickets, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify({ queue, id: message.id, subject: message.subject, at: Date.now() }),
    signal,
  });
  if (!response.ok) throw new Error(`The ticket system answered ${response.status}.`);
}
