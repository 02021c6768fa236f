/**
 * The code under test: a service that makes a ticket at an HTTP API of each mail that a person sent.
 * Invariant: a mail that comes a second time brings the same idempotency key, so that the API makes no second ticket of it.
 */
import { createMailDaemon, type MailDaemon, type MailDaemonOptions } from "m365-mail-daemon";

export interface TicketServiceOptions extends Pick<MailDaemonOptions, "app" | "queues" | "store" | "vaultKeys"> {
  /** Where tickets are made, without a slash at the end. */
  readonly ticketApi: string;
}

export function createTicketService({ ticketApi, ...options }: TicketServiceOptions): MailDaemon {
  return createMailDaemon({
    ...options,
    handler: async ({ message, key, signal, reject }) => {
      // Acknowledged without a ticket: programs want no answer.
      if (message.automatic) return;
      const response = await fetch(`${ticketApi}/tickets`, {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify({ subject: message.subject, from: message.from?.address }),
        signal,
      });
      await response.text();
      if (response.status === 422) await reject("the ticket API does not take it");
      // Thrown, the mail comes again.
      else if (!response.ok) throw new Error(`The ticket API answered ${response.status}.`);
    },
  });
}
