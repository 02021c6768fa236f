/** Options as the floors below get them: every default in place, a queue's own before those for all. Refusals are with the path tests. */
import { expect, test } from "vitest";
import { clouds } from "../../../src/base/cloud.js";
import { daemonSettings, type MailDaemonOptions, type QueueDefaults, queueSettings } from "../../../src/daemon/options.js";
import { generateKey, keyRing, memoryStore } from "../../../src/index.js";

const address = "Support@Contoso.com";
const base: MailDaemonOptions = {
  app: { clientId: "11111111-2222-3333-4444-555555555555", tenantId: "contoso.onmicrosoft.com" },
  queues: [{ address }],
  store: memoryStore(),
  vaultKeys: keyRing([{ id: "k1", key: generateKey() }]),
};

/** The numbers of the README's table, and the words beside them. */
const defaults = {
  address,
  account: undefined,
  folders: ["inbox"],
  afterAck: { markRead: true },
  onQuarantine: {},
  startFrom: "unread",
  content: {},
  conversationOrder: "hold",
  ifChangedElsewhere: {},
  storm: { messages: 100, withinMs: 600_000, action: "deliver" },
  pollIntervalMs: 30_000,
  minPollIntervalMs: 2_000,
  pageSize: 100,
  maxInFlight: 16,
  maxAttempts: 5,
  handlerTimeoutMs: 300_000,
  sweepIntervalMs: 21_600_000,
  highWaterBytes: 33_554_432,
  maxMessageBytes: 8_388_608,
  highWaterMessages: 20_000,
  staleAfterMs: 300_000,
  lateAfterMs: 900_000,
};

test("a queue that says nothing but its address has every default, and its address as it was given", () => {
  expect(queueSettings({ address }, {})).toEqual(defaults);
});

test("the daemon's own defaults", () => {
  expect(daemonSettings(base)).toMatchObject({
    clientId: base.app.clientId,
    tenantId: base.app.tenantId,
    cloud: { authorityHost: "login.microsoftonline.com", graphHost: "graph.microsoft.com" },
    queues: [defaults],
    store: base.store,
    handler: undefined,
    defaults: {},
    mailboxLimits: { width: 4, requestsPerTenMinutes: 10_000 },
    applicationLimits: { concurrency: 1_000, requestsPerTenSeconds: 130_000 },
    highWaterBytes: 268_435_456,
    requestTimeoutMs: 100_000,
    fetch: undefined,
    logger: undefined,
    logAddresses: false,
    metrics: undefined,
  });
});

const others = {
  folders: ["archive"],
  afterAck: {},
  onQuarantine: { flag: true },
  startFrom: new Date(0),
  content: { body: "none" },
  conversationOrder: "release",
  ifChangedElsewhere: { read: "skip" },
  storm: { messages: 7, withinMs: 7, action: "quarantine" },
  pollIntervalMs: 7_000,
  minPollIntervalMs: 3_000,
  pageSize: 7,
  maxInFlight: 7,
  maxAttempts: 7,
  handlerTimeoutMs: 7,
  sweepIntervalMs: 7,
  highWaterBytes: 7,
  maxMessageBytes: 0,
  highWaterMessages: 300,
  staleAfterMs: 7,
  lateAfterMs: 0,
} satisfies Required<QueueDefaults>;
const each = Object.entries(others) as [keyof QueueDefaults, never][];

test.each(each)("%s is taken from the queue before the defaults for all, and from them before ours", (name, value) => {
  expect(queueSettings({ address }, { [name]: value })).toEqual({ ...defaults, [name]: value });
  expect(queueSettings({ address, [name]: value }, {})).toEqual({ ...defaults, [name]: value });
  expect(queueSettings({ address, [name]: value }, { [name]: defaults[name] })).toEqual({ ...defaults, [name]: value });
  const fromAll = daemonSettings({
    ...base,
    queues: [{ address }, { address: "b@contoso.com", [name]: value }],
    defaults: { [name]: defaults[name] },
  });
  expect(fromAll.queues.map((queue) => queue[name])).toEqual([defaults[name], value]);
});

test.each(each)("%s that is there but undefined hides neither the default for all nor ours", (name, value) => {
  expect(queueSettings({ address, [name]: undefined }, { [name]: value })).toEqual({ ...defaults, [name]: value });
  expect(queueSettings({ address, [name]: undefined }, { [name]: undefined })).toEqual(defaults);
});

test("a mark replaces the default one whole: what it does not name is not done", () => {
  expect(queueSettings({ address, afterAck: { flag: true } }, { afterAck: { markRead: true } }).afterAck).toEqual({ flag: true });
});

test.each([
  { cloud: "usGovHigh", mark: { delete: "permanently" }, option: "delete" },
  { cloud: "usGovDod", mark: { delete: "permanently" }, option: "delete" },
  { cloud: "china", mark: { delete: "permanently" }, option: "delete" },
  { cloud: "china", mark: { flag: true }, option: "flag" },
] as const)("a mark that the cloud $cloud cannot make ($option) is refused by its option", ({ cloud, mark, option }) => {
  const given = (more: Partial<MailDaemonOptions>) => () => daemonSettings({ ...base, app: { ...base.app, cloud }, ...more });
  expect(given({ queues: [{ address, afterAck: mark }] })).toThrow(`\`queues[0].afterAck.${option}\``);
  expect(given({ queues: [{ address, onQuarantine: mark }] })).toThrow(`\`queues[0].onQuarantine.${option}\``);
  expect(given({ defaults: { afterAck: mark }, queues: [] })).toThrow(`\`defaults.afterAck.${option}\``);
  expect(() => queueSettings({ address, afterAck: mark }, {}, { cloud: clouds[cloud] })).toThrow(`\`queue.afterAck.${option}\``);
  expect(daemonSettings({ ...base, queues: [{ address, afterAck: mark }] }).queues[0]?.afterAck).toEqual(mark);
});

test("the shortest wait is never longer than the longest", () => {
  const wait = (given: QueueDefaults, all: QueueDefaults = {}) => {
    const { minPollIntervalMs, pollIntervalMs } = queueSettings({ address, ...given }, all);
    return [minPollIntervalMs, pollIntervalMs];
  };
  expect(wait({ pollIntervalMs: 500 })).toEqual([500, 500]);
  expect(wait({ pollIntervalMs: 1_999 })).toEqual([1_999, 1_999]);
  expect(wait({ pollIntervalMs: 2_001 })).toEqual([2_000, 2_001]);
  expect(wait({ pollIntervalMs: 500 }, { minPollIntervalMs: 1_000 })).toEqual([500, 500]);
});

test("a queue is told stale after ten of its longest waits, and never before five minutes unless it is asked for", () => {
  const limit = (given: QueueDefaults) => queueSettings({ address, ...given }, {}).staleAfterMs;
  expect([29_999, 30_001, 86_400_000].map((pollIntervalMs) => limit({ pollIntervalMs }))).toEqual([300_000, 300_010, 864_000_000]);
  expect(limit({ staleAfterMs: 1_000 })).toBe(1_000);
});

test("what the daemon was given is not changed, and a later change of it does not reach the settings", () => {
  const folders = ["inbox"];
  const queue = { address, folders };
  const settings = queueSettings(queue, {});
  folders.push("archive");
  expect(settings.folders).toEqual(["inbox"]);
  expect(queue).toEqual({ address, folders: ["inbox", "archive"] });
});

test.each([
  [
    "the limits",
    {
      limits: {
        mailboxConcurrency: 2,
        mailboxRequestsPerTenMinutes: 5_000,
        applicationConcurrency: 3,
        applicationRequestsPerTenSeconds: 200,
        highWaterBytes: 5_000,
        requestTimeoutMs: 4_000,
      },
    },
    {
      mailboxLimits: { width: 2, requestsPerTenMinutes: 5_000 },
      applicationLimits: { concurrency: 3, requestsPerTenSeconds: 200 },
      highWaterBytes: 5_000,
      requestTimeoutMs: 4_000,
    },
  ],
  ["the cloud", { app: { ...base.app, cloud: "china" } }, { cloud: { graphHost: "microsoftgraph.chinacloudapi.cn" } }],
  [
    "the account of a shared mailbox",
    { queues: [{ address, account: "service@contoso.com" }] },
    { queues: [{ account: "service@contoso.com" }] },
  ],
] as const)("%s reach the settings", (_, given, expected) => {
  expect(daemonSettings({ ...base, ...given } as MailDaemonOptions)).toMatchObject(expected);
});

test("a handler and a fetch are handed on as they are", () => {
  const handler = () => undefined;
  const fetch = () => Promise.reject(new Error("not called"));
  expect(daemonSettings({ ...base, handler, fetch })).toMatchObject({ handler, fetch });
});

test("a function that gives keys is a key ring too", () => {
  expect(daemonSettings({ ...base, vaultKeys: async () => [{ id: "k1", key: generateKey() }] }).keys.load).toBeTypeOf("function");
});
