/** The configurations that `init` writes: what must be said, and the options looked for most as comments. */

export interface InitAnswers {
  readonly clientId: string;
  readonly tenantId: string;
  readonly queues: readonly string[];
  readonly simulator?: string;
  /** As the configuration names it. */
  readonly keyFile: string;
}

const text = (value: string) => JSON.stringify(value);

export function typeScriptConfig({ clientId, tenantId, queues, simulator, keyFile }: InitAnswers): string {
  return `import type { MailDaemonConfig } from "m365-mail-daemon";

export default {
  // The application that was registered in Entra: docs/setup-entra.md.
  app: { clientId: ${text(clientId)}, tenantId: ${text(tenantId)} },
${simulator === undefined ? "" : `\n  // Talks to a simulator on this machine; without this line, to Microsoft 365.\n  simulator: ${text(simulator)},\n`}
  // One Microsoft 365 user each. What stands in \`defaults\` can stand here too.
  queues: [
${queues.map((address) => `    { address: ${text(address)} },`).join("\n")}
  ],

  // For all queues that do not say it themselves.
  defaults: {
    // What of a mailbox is delivered at first: "unread", "everything", "now", or newer than a Date.
    startFrom: "unread",
    // What becomes of a mail on the server once it was taken: docs/marks.md.
    afterAck: { markRead: true },
    // folders: ["inbox"],
    // pollIntervalMs: 30_000,
    // maxAttempts: 5,
  },

  // Where state is kept, and the key that seals the tokens in it: docs/keys.md.
  store: "./mail-daemon-state",
  keys: { file: ${text(keyFile)} },

  // Where \`run\` hands the mail over: a module of yours, files, a webhook, or lines of JSON on standard output.
  // deliverTo: { handler: "./handler.js" },
  // deliverTo: { files: "./mail" },
  // deliverTo: { webhook: { url: "https://example.com/mail", secretEnv: "MAIL_WEBHOOK_SECRET" } },
  deliverTo: { ndjson: true },

  // Metrics and health: /metrics, /healthz, /readyz.
  // http: { port: 9464 },
} satisfies MailDaemonConfig;
`;
}

/** Comments are taken in it, and editors show each option's own by the schema. */
export function jsonConfig({ clientId, tenantId, queues, simulator, keyFile }: InitAnswers): string {
  return `{
  "$schema": "./node_modules/m365-mail-daemon/config.schema.json",
  // The application that was registered in Entra: docs/setup-entra.md.
  "app": { "clientId": ${text(clientId)}, "tenantId": ${text(tenantId)} },
${simulator === undefined ? "" : `  // Talks to a simulator on this machine; without this line, to Microsoft 365.\n  "simulator": ${text(simulator)},\n`}  // One Microsoft 365 user each. What stands in "defaults" can stand here too.
  "queues": [
${queues.map((address) => `    { "address": ${text(address)} }`).join(",\n")}
  ],
  // For all queues that do not say it themselves.
  "defaults": {
    // What of a mailbox is delivered at first: "unread", "everything", "now", or newer than a date.
    "startFrom": "unread",
    // What becomes of a mail on the server once it was taken: docs/marks.md.
    "afterAck": { "markRead": true }
  },
  // Where state is kept, and the key that seals the tokens in it: docs/keys.md.
  "store": "./mail-daemon-state",
  "keys": { "file": ${text(keyFile)} },
  // Where \`run\` hands the mail over: { "handler": "./handler.js" }, { "files": "./mail" }, a webhook, or lines of JSON.
  "deliverTo": { "ndjson": true }
  // Metrics and health: "http": { "port": 9464 }
}
`;
}
