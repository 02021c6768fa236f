/** Options out of range, of the wrong type, unknown or contradictory: one ConfigError that names option, expectation and value. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  ConfigError,
  createMailDaemon,
  environmentKeys,
  generateKey,
  keyRing,
  lmdbStore,
  type MailDaemonOptions,
  memoryStore,
} from "../../src/index.js";
import { address, hostOptions, simulatorWith } from "../support/host.js";

const base: MailDaemonOptions = {
  app: { clientId: "11111111-2222-3333-4444-555555555555", tenantId: "contoso.onmicrosoft.com" },
  queues: [{ address }],
  store: memoryStore(),
  vaultKeys: keyRing([{ id: "k1", key: generateKey() }]),
  handler: () => undefined,
};
const queue = (options: object) => ({ queues: [{ address, ...options }] });

const cases: readonly [change: object, message: RegExp][] = [
  [{ app: undefined }, /`app` to be an object, got nothing/],
  [{ app: { ...base.app, clientId: "my app" } }, /`app\.clientId` to be the application \(client\) id, a GUID, got "my app" \(string\)/],
  [{ app: { ...base.app, tenantId: "common" } }, /`app\.tenantId` to be the directory \(tenant\) id.*got "common"/],
  [{ app: { ...base.app, cloud: "mars" } }, /`app\.cloud` to be one of "global".*got "mars"/],
  [{ queues: "support@contoso.com" }, /`queues` to be an array, got "support@contoso\.com" \(string\)/],
  [{ queues: [{ address: "support" }] }, /`queues\[0\]\.address` to be a full e-mail address.*got "support"/],
  [{ queues: [{ address: "Support Team <support@contoso.com>" }] }, /`queues\[0\]\.address`/],
  [{ queues: [{ address: "support@contoso" }] }, /`queues\[0\]\.address`/],
  [{ queues: [{ address }, { address: "SUPPORT@Contoso.com" }] }, /`queues\[1\]\.address` to be named once/],
  [{ queues: [{}] }, /`queues\[0\]\.address` to be a string, got nothing/],
  [queue({ account: "nobody" }), /`queues\[0\]\.account`/],
  [queue({ pollIntervalMs: 0 }), /`queues\[0\]\.pollIntervalMs` to be 1 or more, got 0 \(number\)/],
  [queue({ pollIntervalMs: 1.5 }), /`queues\[0\]\.pollIntervalMs` to be a whole number, got 1\.5/],
  [queue({ pollIntervalMs: "30s" }), /`queues\[0\]\.pollIntervalMs` to be a number, got "30s"/],
  [queue({ pollIntervalMs: Number.NaN }), /`queues\[0\]\.pollIntervalMs` to be a number, got NaN/],
  [
    queue({ pollIntervalMs: 1_000, minPollIntervalMs: 1_001 }),
    /`queues\[0\]\.minPollIntervalMs` to be no longer than `pollIntervalMs`, got/,
  ],
  [queue({ pageSize: 1_001 }), /`queues\[0\]\.pageSize` to be 1000 or less, got 1001/],
  [queue({ maxInFlight: -1 }), /`queues\[0\]\.maxInFlight` to be 1 or more/],
  [queue({ maxAttempts: null }), /`queues\[0\]\.maxAttempts` to be a number, got null/],
  [queue({ handlerTimeoutMs: 2 ** 31 }), /`queues\[0\]\.handlerTimeoutMs` to be 2147483647 or less/],
  [queue({ highWaterBytes: "32MB" }), /`queues\[0\]\.highWaterBytes`/],
  [queue({ maxMessageBytes: -1 }), /`queues\[0\]\.maxMessageBytes` to be 0 or more, got -1/],
  [queue({ storm: { messages: 10_001 } }), /`queues\[0\]\.storm\.messages` to be 10000 or less, got 10001/],
  [queue({ storm: { withinMs: 0 } }), /`queues\[0\]\.storm\.withinMs` to be 1 or more, got 0/],
  [queue({ storm: { action: "drop" } }), /`queues\[0\]\.storm\.action` to be one of "deliver", "quarantine", got "drop"/],
  [queue({ staleAfterMs: 0 }), /`queues\[0\]\.staleAfterMs` to be 1 or more/],
  [queue({ staleAfterMs: 2 ** 31 }), /`queues\[0\]\.staleAfterMs` to be 2147483647 or less/],
  [queue({ lateAfterMs: -1 }), /`queues\[0\]\.lateAfterMs` to be 0 or more, got -1/],
  [queue({ lateAfterMs: 2 ** 31 }), /`queues\[0\]\.lateAfterMs` to be 2147483647 or less/],
  [queue({ folders: [] }), /`queues\[0\]\.folders` to be no shorter than 1/],
  [queue({ folders: ["inbox", "Inbox"] }), /`queues\[0\]\.folders` to be a list without repeated folders/],
  [queue({ folders: [""] }), /`queues\[0\]\.folders\[0\]`/],
  [queue({ folders: ["Inbox/50%"] }), /`queues\[0\]\.folders\[0\]` to be a path in which `%` stands for an escape only/],
  [queue({ folders: ["Inbox//A"] }), /`queues\[0\]\.folders\[0\]` to be a path without an empty part; write `%2F`/],
  [queue({ folders: [{ folder: "inbox", subtre: true }] }), /Unknown option `queues\[0\]\.folders\[0\]\.subtre`/],
  [queue({ folders: ["inbox", { folder: "Inbox", subtree: true }] }), /`queues\[0\]\.folders` to be a list without repeated folders/],
  [queue({ startFrom: "yesterday" }), /`queues\[0\]\.startFrom` to be "now", "unread", "everything" or a valid Date, got "yesterday"/],
  [queue({ startFrom: new Date("never") }), /`queues\[0\]\.startFrom`/],
  [queue({ conversationOrder: "strict" }), /`queues\[0\]\.conversationOrder` to be one of "hold", "release"/],
  [queue({ content: { body: "rtf" } }), /`queues\[0\]\.content\.body` to be one of/],
  [queue({ content: { body: "text", unsafeHtml: true } }), /`queues\[0\]\.content\.unsafeHtml` to be only where the body is not "text"/],
  [queue({ afterAck: { moveTo: "archive", delete: true } }), /`queues\[0\]\.afterAck` to be either `delete` or `moveTo`, not both/],
  [queue({ afterAck: { noMark: true } }), /Unknown option `queues\[0\]\.afterAck\.noMark`/],
  [queue({ pollInterval: 5 }), /Unknown option `queues\[0\]\.pollInterval`/],
  [{ defaults: { maxInFlight: 0 } }, /`defaults\.maxInFlight` to be 1 or more/],
  [{ defaults: { address } }, /Unknown option `defaults\.address`/],
  [{ limits: { mailboxConcurrency: 5 } }, /`limits\.mailboxConcurrency` to be 4 or less, got 5/],
  [{ store: {} }, /`store` to be a store such as lmdbStore\(path\), got a value of type object/],
  [{ vaultKeys: "k1:c2VjcmV0" }, /`vaultKeys` to be keys such as environmentKeys\(name\), got a value of type string/],
  [{ handler: "handler.js" }, /`handler` to be a function, got "handler\.js"/],
  [{ fetch: 1 }, /`fetch` to be a function like the global fetch, got 1/],
  [
    { logger: { info: () => undefined } },
    /`logger` to be a logger with debug, info, warn and error, such as pino's, got a value of type object/,
  ],
  [{ logger: null }, /`logger` to be a logger/],
  [{ logAddresses: "yes" }, /`logAddresses` to be a boolean, got "yes"/],
  [{ metrics: true }, /`metrics` to be an object, got true/],
  [{ metrics: { meterProvider: {} } }, /`metrics\.meterProvider` to be an OpenTelemetry MeterProvider, got a value of type object/],
  [{ metrics: { attributes: { name: [] } } }, /`metrics\.attributes\.name` to be a text, a number or true or false, got an array/],
  [{ metrics: { queues: true } }, /Unknown option `metrics\.queues`/],
  [{ queue: [] }, /Unknown option `queue`/],
];

test.each(cases)("%j is refused at createMailDaemon", (change, message) => {
  let caught: unknown;
  try {
    createMailDaemon({ ...base, ...change } as MailDaemonOptions);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(ConfigError);
  expect(caught).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringMatching(message) });
});

test("good options make a daemon that has touched nothing yet", () => {
  expect(createMailDaemon(base).status()).toMatchObject({ state: "new", queues: [{ address }] });
});

test("a start with neither a handler nor a listener is refused before anything is begun", async () => {
  const sim = simulatorWith();
  const { handler: _, ...options } = hostOptions(sim);
  const daemon = createMailDaemon(options);
  await expect(daemon.start()).rejects.toMatchObject({ name: "ConfigError", code: "CONFIG_NO_HANDLER" });
  expect(daemon.status().state).toBe("stopped");
  await daemon.stopped;
});

test("an LMDB path that cannot be written is told at start, and nothing is half-started", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mail-daemon-"));
  try {
    const file = join(folder, "file");
    writeFileSync(file, "in the way");
    const daemon = createMailDaemon({ ...base, store: lmdbStore(join(file, "state")) });
    await expect(daemon.start()).rejects.toMatchObject({ code: "STORE_NOT_WRITABLE", message: expect.stringContaining(file) });
    expect(daemon.status().state).toBe("stopped");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("missing keys are told at start with what to do", async () => {
  const daemon = createMailDaemon({ ...base, store: memoryStore(), vaultKeys: environmentKeys("MAIL_DAEMON_KEYS_NOT_SET") });
  await expect(daemon.start()).rejects.toMatchObject({
    code: "AUTH_VAULT_KEY_MISSING",
    message: expect.stringContaining("MAIL_DAEMON_KEYS_NOT_SET"),
  });
});

test("a store made by a newer version is told at start", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mail-daemon-"));
  try {
    const store = lmdbStore(folder);
    await store.open();
    await store.close();
    const { open } = await import("lmdb");
    const raw = open({ path: folder, noSubdir: false, keyEncoding: "binary", encoding: "binary" });
    await raw.put(Buffer.from("\x00format"), Buffer.from("99"));
    await raw.close();
    const daemon = createMailDaemon({ ...base, store: lmdbStore(folder) });
    await expect(daemon.start()).rejects.toMatchObject({ code: "STORE_NEWER_FORMAT" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
