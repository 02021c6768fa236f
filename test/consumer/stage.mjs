/**
 * The stage on which `npm run package` plays the README's quick start, in a project that installed the packed tarball:
 * the free names of that text (application ids, `createTicket`, `page`), a simulator behind the global `fetch`, keys in
 * the environment, and the sign-in that a person would do. Plain JavaScript, so that it runs as a host's own file would.
 */
import { generateKey } from "m365-mail-daemon";
import { createSimulator } from "m365-mail-daemon/simulator";

const address = "support@contoso.com";
const simulator = createSimulator();
const user = simulator.addUser({ address });
const subject = "My parcel has not arrived";

globalThis.fetch = simulator.fetch;
process.env.MAIL_DAEMON_KEYS = `first:${generateKey()}`;

export const { clientId, tenantId } = simulator;

/** Queues that asked for a sign-in; filled by the quick start's own listener. */
const paged = [];
export const page = (queue, remedy) => {
  if (!remedy) throw new Error("Expected a remedy beside the queue");
  paged.push(queue);
};

/** What the handler was given. */
const tickets = [];
export const createTicket = async (message) => {
  tickets.push(message);
  // What an operator would do when the demonstration is over; the quick start's own listener stops the daemon.
  setImmediate(() => process.emit("SIGTERM", "SIGTERM"));
};

/** What a person does after `queue:sign-in-required`. */
export async function signIn(daemon) {
  user.mailbox.deliver({ subject });
  await daemon.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
}

/** Called after `await daemon.stopped`. */
export function report() {
  const [message] = user.mailbox.messages("inbox");
  const seen = { paged, tickets: tickets.map((ticket) => ticket.subject), markedRead: message?.isRead };
  const expected = { paged: [address], tickets: [subject], markedRead: true };
  if (JSON.stringify(seen) !== JSON.stringify(expected)) {
    throw new Error(`The quick start ended with ${JSON.stringify(seen)}, expected ${JSON.stringify(expected)}`);
  }
  console.log("quick start: one mail delivered, settled and marked");
}
