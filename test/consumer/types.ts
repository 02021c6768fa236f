/** A host's own file, type-checked against the packed tarball: without the DOM's types and with `skipLibCheck: false`. */
import {
  createMailDaemon,
  type Fetch,
  generateKey,
  keyRing,
  type Logger,
  type MailDaemonOptions,
  MailError,
  type MailMessage,
  type MeterProvider,
  memoryStore,
  undiciFetch,
} from "m365-mail-daemon";
import { createSimulator } from "m365-mail-daemon/simulator";

const simulator = createSimulator();
const seen: MailMessage[] = [];

export const daemon = createMailDaemon({
  app: { clientId: simulator.clientId, tenantId: simulator.tenantId },
  queues: [
    {
      address: "support@contoso.com",
      folders: ["inbox", { folder: "archive", subtree: true }],
      afterAck: { markRead: true, addCategories: ["seen"] },
      startFrom: "now",
    },
  ],
  store: memoryStore(),
  vaultKeys: keyRing([{ id: "first", key: generateKey() }]),
  fetch: simulator.fetch,
  handler: async ({ message, attempt, key, signal }) => {
    signal.throwIfAborted();
    const facts: [number, string, Date] = [attempt, key, message.receivedAt];
    if (facts.length === 3) seen.push(message);
  },
});

/** Compiles in a project that has neither a logger's package nor OpenTelemetry's. */
export const watched = (meterProvider: MeterProvider, { logger }: { logger: Logger }): Pick<MailDaemonOptions, "logger" | "metrics"> => ({
  logger: logger ?? console,
  metrics: { meterProvider, attributes: { site: "north" } },
});

/** Compiles in a project that has no `undici`. */
export const door = (): Fetch => undiciFetch({ connections: 8, proxy: new URL("http://proxy.contoso.com"), ca: [Buffer.from("PEM")] });

export const remove: () => void = daemon.on("message:quarantined", ({ queue }) => {
  const address: string = queue;
  return address;
});

// @ts-expect-error an option that does not exist is refused
createMailDaemon({ handlers: [] });

export function codeOf(error: unknown): string | undefined {
  return error instanceof MailError ? error.code : undefined;
}
