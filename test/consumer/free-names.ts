/**
 * The names that code blocks of README.md and docs/ may use without declaring them. A block that needs another name
 * declares it. `daemon` is there for the blocks that show one call.
 */
import type { createMailDaemon, MailMessage } from "m365-mail-daemon";

declare global {
  /** The application (client) id of the Entra registration. */
  const clientId: string;
  /** The tenant (directory) id. */
  const tenantId: string;
  const daemon: ReturnType<typeof createMailDaemon>;
  /** Stands for what the host does with a mail. */
  function createTicket(message: MailMessage): Promise<void>;
  /** Stands for how the host tells an administrator. */
  function page(queue: string, remedy: unknown): void;
}
