/**
 * The backend as a process: its settings from the environment, its data in the working directory. Ctrl-C and SIGTERM
 * drain it. It ends with 1 when the daemon stopped by itself.
 */
import { environmentKeys, lmdbStore } from "m365-mail-daemon";
import { simulatorFetch } from "m365-mail-daemon/simulator";
import { createBackend } from "./backend.js";
import { openTickets } from "./tickets.js";

const {
  MAIL_DAEMON_CLIENT_ID: clientId = "",
  MAIL_DAEMON_TENANT_ID: tenantId = "",
  MAIL_DAEMON_QUEUES: addresses = "support@contoso.com",
  MAIL_DAEMON_SIMULATOR: simulator,
  PORT: port = "3000",
} = process.env;

const tickets = await openTickets("./tickets");
const backend = createBackend({
  tickets,
  app: { clientId, tenantId },
  queues: addresses.split(" ").map((address) => ({ address })),
  store: lmdbStore("./state"),
  vaultKeys: environmentKeys("MAIL_DAEMON_KEYS"),
  ...(simulator ? { fetch: simulatorFetch(simulator) } : {}),
});
backend.daemon.on("queue:sign-in-required", ({ queue, remedy }) => console.error(`${queue} waits: ${remedy}`));
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void backend.stop());

console.log(`tickets at ${await backend.start(Number(port))}/tickets`);
const failure = await backend.daemon.stopped;
await backend.stop();
if (failure) {
  console.error(`${failure.code}: ${failure.message}`);
  process.exitCode = 1;
}
