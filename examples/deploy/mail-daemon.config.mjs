/**
 * The command line's configuration for a server or a container: everything that differs from place to place comes from
 * the environment, everything that is written lies in the state directory.
 */
import { join } from "node:path";

const {
  MAIL_DAEMON_CLIENT_ID: clientId = "",
  MAIL_DAEMON_TENANT_ID: tenantId = "",
  MAIL_DAEMON_QUEUES: queues = "",
  // Both are set by systemd; a container sets the first, and mounts the key at the second.
  STATE_DIRECTORY: state = "/var/lib/m365-mail-daemon",
  CREDENTIALS_DIRECTORY: credentials = "/run/secrets",
} = process.env;

/** @type {import("m365-mail-daemon").MailDaemonConfig} */
export default {
  app: { clientId, tenantId },
  queues: queues
    .split(" ")
    .filter((address) => address !== "")
    .map((address) => ({ address })),
  store: join(state, "store"),
  keys: { file: join(credentials, "vault-keys") },
  // Not on standard output: that would put customers' mail into the journal.
  deliverTo: { files: join(state, "mail") },
  http: { port: 9464 },
};
