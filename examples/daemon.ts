/**
 * The README's quick start as a program. Built by `npm run build` and run with its ids and its key in the environment:
 *
 *     MAIL_DAEMON_CLIENT_ID=… MAIL_DAEMON_TENANT_ID=… MAIL_DAEMON_QUEUE=support@contoso.com \
 *     MAIL_DAEMON_KEYS=key1:… node dist/examples/daemon.js
 *
 * `MAIL_DAEMON_SIMULATOR=http://127.0.0.1:PORT` sends everything to a simulator on this machine instead of Microsoft 365.
 *
 * Invariant: the README's block stands here word for word, but for the queue's address; a gate compares them.
 */
import { createMailDaemon, environmentKeys, lmdbStore, type MailMessage } from "m365-mail-daemon";
import { simulatorFetch } from "m365-mail-daemon/simulator";

const { MAIL_DAEMON_CLIENT_ID: clientId = "", MAIL_DAEMON_TENANT_ID: tenantId = "", MAIL_DAEMON_SIMULATOR: simulator } = process.env;
if (simulator) globalThis.fetch = simulatorFetch(simulator, { fetch: globalThis.fetch });

const daemon = createMailDaemon({
  app: { clientId, tenantId },
  queues: [{ address: process.env.MAIL_DAEMON_QUEUE ?? "support@contoso.com" }],
  store: lmdbStore("./state"),
  vaultKeys: environmentKeys("MAIL_DAEMON_KEYS"),
  handler: async ({ message, signal }) => {
    signal.throwIfAborted();
    await createTicket(message); // resolves: acknowledged; throws: it comes again
  },
});

daemon.on("queue:sign-in-required", ({ queue, remedy }) => page(queue, remedy));
await daemon.start();
process.once("SIGTERM", () => void daemon.stop({ deadlineMs: 10_000 }));
await daemon.stopped;

/** Stands for your ticket system. */
async function createTicket(message: MailMessage): Promise<void> {
  console.log(`ticket: ${message.subject}`);
}

/** Says what is wrong, and offers the sign-in to whoever sits in front of it. */
function page(queue: string, remedy: string): void {
  console.error(`${queue} waits: ${remedy}`);
  const openUrl = (url: string) => console.log(`Open in a private window: ${url}`);
  daemon.signIn(queue, { method: "browser", openUrl }).then(
    () => console.log(`${queue} is signed in`),
    (error: Error) => console.error(error.message),
  );
}
