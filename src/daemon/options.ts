/**
 * What a host may configure, checked and with every default in place. Nothing here touches disk or network.
 *
 * Invariant: what leaves this file is complete and consistent; no other file knows a default of an option.
 */
import { z } from "zod";
import { asKeyRing, type KeyFunction, type KeyRing } from "../auth/key-ring.js";
import { checked } from "../base/check.js";
import { type Cloud, type CloudName, clouds } from "../base/cloud.js";
import { ConfigError } from "../base/errors.js";
import type { Fetch } from "../base/http.js";
import { stated } from "../base/stated.js";
import type { Delivery } from "../delivery/delivery.js";
import { stormRule, stormSchema } from "../delivery/storm-rule.js";
import { contentSchema } from "../mailbox/content-options.js";
import { assertPossible, markSchema } from "../mailbox/mark.js";
import type { Scheduler } from "../schedule/scheduler.js";
import type { QueueSettings, StartFrom } from "../schedule/session.js";
import type { Store } from "../state/store.js";
import { foldersSchema } from "./folders.js";
import { type LimitOptions, type LimitSettings, limitSettings, limitsSchema } from "./limits.js";
import type { Logger } from "./log.js";
import { type MetricsOptions, metricsSchema } from "./metrics/options.js";
import type { QueueDefaults, QueueOptions } from "./queue-options.js";

export type { QueueDefaults, QueueOptions } from "./queue-options.js";

/** The Entra application that the administrator registered. */
export interface AppOptions {
  /** Application (client) id, a GUID. */
  readonly clientId: string;
  /** Directory (tenant) id, a GUID, or one of the tenant's domains. */
  readonly tenantId: string;
  /** The Microsoft cloud of the tenant. Default `"global"` (GCC included). */
  readonly cloud?: CloudName;
}

/** Takes one delivery: resolving is `ack`, throwing is `retry`. */
export type Handler = (delivery: Delivery) => unknown;

/** What `createMailDaemon` takes. */
export interface MailDaemonOptions {
  /** The application that the administrator registered. */
  readonly app: AppOptions;
  /** The queues that run from the start, 0 or more, each address once; `addQueue` takes further ones. */
  readonly queues: readonly QueueOptions[];
  /** Where state is kept: `lmdbStore(path)`, `redisStore({ url })`, `memoryStore()`, or your own. */
  readonly store: Store;
  /** The keys that seal the tokens: `environmentKeys(name)`, `keyFile(path)`, `keychainKeys()`, `keyRing(keys)`, or a function that resolves with keys. */
  readonly vaultKeys: KeyRing | KeyFunction;
  /**
   * Where the queues' turns run: `bullmqScheduler(options)`, which lets them go around among processes with one store. Default: all in
   * this process, which has its store for itself.
   */
  readonly scheduler?: Scheduler;
  /**
   * Milliseconds, 1,000 to 3,600,000, after which a turn takes no new deliveries, where turns go around among processes: as soon as
   * the round that is under way then is over; it ends when the last is settled or timed out. Default 60,000.
   */
  readonly turnMaxMs?: number;
  /** Takes each delivery: resolving is `ack`, throwing is `retry`. Default none: a listener of the event `message` settles each delivery. */
  readonly handler?: Handler;
  /** Options for every queue that does not set them itself. Default none: each as its own comment says. */
  readonly defaults?: QueueDefaults;
  /** How much is asked of Graph at once and in all. Default: what Graph allows one application. */
  readonly limits?: LimitOptions;
  /**
   * The one door to Graph and Entra: `undiciFetch()`, or a function of yours. Default: the global `fetch`, looked up at each call; it
   * keeps an idle connection for four seconds unless the server says for how long it may.
   */
  readonly fetch?: Fetch;
  /** Gets a line for each change of state: pino's, Fastify's `log`, `console`, or one of yours. Default: nothing is logged. */
  readonly logger?: Logger;
  /** Whether log lines have addresses as they are. Default false: a hash takes the place of what is before the `@`. */
  readonly logAddresses?: boolean;
  /** Measures with OpenTelemetry; `{}` by its global provider. Default: nothing is measured. */
  readonly metrics?: MetricsOptions;
}

export interface DaemonSettings extends LimitSettings {
  readonly clientId: string;
  readonly tenantId: string;
  readonly cloud: Cloud;
  readonly queues: readonly QueueSettings[];
  readonly store: Store;
  readonly keys: KeyRing;
  readonly handler: Handler | undefined;
  readonly defaults: QueueDefaults;
  readonly fetch: Fetch | undefined;
  readonly logger: Logger | undefined;
  readonly logAddresses: boolean;
  readonly metrics: MetricsOptions | undefined;
  readonly scheduler: Scheduler | undefined;
  readonly turnMaxMs: number;
}

const dayMs = 86_400_000;
const longestTimerMs = 2 ** 31 - 1;
/** Unless it is set, no queue is told stale sooner: that long a restart of a mailbox's server may take. */
const leastStaleAfterMs = 300_000;
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const domain = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i;
/** Deliberately plain: Microsoft 365 gives users no quoted or commented addresses. */
const email = /^(?=.{3,320}$)[^\s@"(),:;<>[\]\\]+@[^\s@]+$/;

const isDomain = (text: string) => domain.test(text);
const isAddress = (text: string) => email.test(text) && isDomain(text.slice(text.lastIndexOf("@") + 1));
const whole = (least: number, most: number) => z.number().int().min(least).max(most);
const address = z.string().refine(isAddress, { error: "a full e-mail address such as support@contoso.com" });
const aFunction = (what: string) => z.custom<(...given: never[]) => unknown>((value) => typeof value === "function", { error: what });

/** Given together they must fit; where one comes from `defaults`, the longest wait bounds the shortest. */
const fittingIntervals = ({ pollIntervalMs, minPollIntervalMs }: QueueDefaults) =>
  minPollIntervalMs === undefined || pollIntervalMs === undefined || minPollIntervalMs <= pollIntervalMs;
const unfitting = { error: "no longer than `pollIntervalMs`", path: ["minPollIntervalMs"] };

const then = z.enum(["deliver", "skip"]).optional();

const queueFields = {
  folders: foldersSchema.optional(),
  afterAck: markSchema.optional(),
  onQuarantine: markSchema.optional(),
  startFrom: z
    .custom<StartFrom>(
      (given) =>
        given === "now" || given === "unread" || given === "everything" || (given instanceof Date && !Number.isNaN(given.getTime())),
      {
        error: '"now", "unread", "everything" or a valid Date',
      },
    )
    .optional(),
  content: contentSchema.optional(),
  conversationOrder: z.enum(["hold", "release"]).optional(),
  ifChangedElsewhere: z.strictObject({ read: then, moved: then, deleted: then, categorised: then }).optional(),
  storm: stormSchema.optional(),
  pollIntervalMs: whole(1, dayMs).optional(),
  minPollIntervalMs: whole(1, dayMs).optional(),
  pageSize: whole(1, 1_000).optional(),
  maxInFlight: whole(1, 1_000).optional(),
  maxAttempts: whole(1, 1_000).optional(),
  handlerTimeoutMs: whole(1, longestTimerMs).optional(),
  sweepIntervalMs: whole(0, longestTimerMs).optional(),
  highWaterBytes: whole(1, Number.MAX_SAFE_INTEGER).optional(),
  maxMessageBytes: whole(0, Number.MAX_SAFE_INTEGER).optional(),
  highWaterMessages: whole(100, Number.MAX_SAFE_INTEGER).optional(),
  staleAfterMs: whole(1, longestTimerMs).optional(),
  lateAfterMs: whole(0, longestTimerMs).optional(),
};

const defaultsSchema = z.strictObject(queueFields).refine((given) => fittingIntervals(given as QueueDefaults), unfitting);
const queueSchema = z
  .strictObject({ address, account: address.optional(), ...queueFields })
  .refine((given) => fittingIntervals(given as QueueDefaults), unfitting);

const optionsSchema = z.strictObject({
  app: z.strictObject({
    clientId: z.string().refine((text) => guid.test(text), { error: "the application (client) id, a GUID" }),
    tenantId: z
      .string()
      .refine((text) => guid.test(text) || isDomain(text), { error: "the directory (tenant) id, a GUID, or a domain of the tenant" }),
    cloud: z.enum(Object.keys(clouds) as [CloudName, ...CloudName[]]).optional(),
  }),
  queues: z.array(z.unknown()),
  store: z.custom<Store>(isStore, { error: "a store such as lmdbStore(path)" }),
  vaultKeys: z.custom<KeyRing | KeyFunction>(
    (given) => typeof given === "function" || typeof (given as KeyRing | null)?.load === "function",
    {
      error: "keys such as environmentKeys(name)",
    },
  ),
  handler: aFunction("a function").optional(),
  defaults: defaultsSchema.optional(),
  limits: limitsSchema,
  fetch: aFunction("a function like the global fetch").optional(),
  logger: z.custom<Logger>(isLogger, { error: "a logger with debug, info, warn and error, such as pino's" }).optional(),
  logAddresses: z.boolean().optional(),
  metrics: metricsSchema.optional(),
  scheduler: z
    .custom<Scheduler>((value) => typeof (value as Partial<Scheduler> | null)?.add === "function", {
      error: "a scheduler, such as bullmqScheduler() gives",
    })
    .optional(),
  turnMaxMs: whole(1_000, 3_600_000).optional(),
});

/** @throws ConfigError `CONFIG_INVALID` */
export function daemonSettings(options: MailDaemonOptions): DaemonSettings {
  const given = checked(optionsSchema, options);
  const { app, queues, store, vaultKeys, handler, defaults = {}, limits = {}, fetch, logger, logAddresses = false, metrics } = given;
  const { scheduler, turnMaxMs = 60_000 } = given;
  const cloud = clouds[app.cloud ?? "global"];
  assertPossibleMarks(defaults as QueueDefaults, cloud, "defaults");
  const settings = queues.map((queue, index) =>
    queueSettings(queue as QueueOptions, defaults as QueueDefaults, { path: `queues[${index}]`, cloud }),
  );
  assertDistinct(settings);
  assertReachable(store, scheduler as Scheduler | undefined);
  return {
    clientId: app.clientId,
    tenantId: app.tenantId,
    cloud,
    queues: settings,
    store,
    keys: asKeyRing(vaultKeys),
    handler: handler as Handler | undefined,
    defaults: defaults as QueueDefaults,
    ...limitSettings(limits as LimitOptions),
    fetch: fetch as Fetch | undefined,
    logger,
    logAddresses,
    metrics: metrics as MetricsOptions | undefined,
    scheduler: scheduler as Scheduler | undefined,
    turnMaxMs,
  };
}

/** One queue with its own options, the defaults given, and ours. @throws ConfigError `CONFIG_INVALID` */
export function queueSettings(
  queue: QueueOptions,
  defaults: QueueDefaults,
  { path = "queue", cloud = clouds.global }: { path?: string; cloud?: Cloud } = {},
): QueueSettings {
  const own = stated(checked(queueSchema, queue, path)) as QueueOptions;
  assertPossibleMarks(own, cloud, path);
  const given = { ...stated(defaults), ...own };
  const pollIntervalMs = given.pollIntervalMs ?? 30_000;
  return {
    address: given.address,
    account: given.account,
    folders: given.folders ?? ["inbox"],
    afterAck: given.afterAck ?? { markRead: true },
    onQuarantine: given.onQuarantine ?? {},
    startFrom: given.startFrom ?? "unread",
    content: given.content ?? {},
    conversationOrder: given.conversationOrder ?? "hold",
    ifChangedElsewhere: given.ifChangedElsewhere ?? {},
    storm: stormRule(given.storm),
    pollIntervalMs,
    minPollIntervalMs: Math.min(given.minPollIntervalMs ?? 2_000, pollIntervalMs),
    pageSize: given.pageSize ?? 100,
    maxInFlight: given.maxInFlight ?? 16,
    maxAttempts: given.maxAttempts ?? 5,
    handlerTimeoutMs: given.handlerTimeoutMs ?? 300_000,
    sweepIntervalMs: given.sweepIntervalMs ?? 6 * 3_600_000,
    highWaterBytes: given.highWaterBytes ?? 32 * 2 ** 20,
    maxMessageBytes: given.maxMessageBytes ?? 8 * 2 ** 20,
    highWaterMessages: given.highWaterMessages ?? 20_000,
    staleAfterMs: given.staleAfterMs ?? Math.max(10 * pollIntervalMs, leastStaleAfterMs),
    lateAfterMs: given.lateAfterMs ?? 900_000,
  };
}

function assertPossibleMarks({ afterAck, onQuarantine }: QueueDefaults, cloud: Cloud, path: string): void {
  assertPossible(afterAck, cloud, `${path}.afterAck`);
  assertPossible(onQuarantine, cloud, `${path}.onQuarantine`);
}

function assertDistinct(queues: readonly QueueSettings[]): void {
  const seen = new Set<string>();
  for (const [index, { address }] of queues.entries()) {
    if (seen.has(address.toLowerCase())) {
      throw new ConfigError(
        "CONFIG_INVALID",
        `Expected \`queues[${index}].address\` to be named once (whatever its letter case), got ${JSON.stringify(address)} again.`,
      );
    }
    seen.add(address.toLowerCase());
  }
}

function isStore(given: unknown): boolean {
  const store = given as Partial<Store> | null;
  return (
    typeof store === "object" &&
    store !== null &&
    [store.open, store.close, store.get, store.getMany, store.list, store.commit].every((part) => typeof part === "function")
  );
}

function isLogger(given: unknown): boolean {
  const logger = given as Partial<Logger> | null;
  return [logger?.debug, logger?.info, logger?.warn, logger?.error].every((part) => typeof part === "function");
}

/** Each process would have a memory of its own. */
function assertReachable(store: Store, scheduler: Scheduler | undefined): void {
  if (!scheduler?.isShared || store.name !== "memory") return;
  throw new ConfigError(
    "CONFIG_INVALID",
    "Expected `store` to be one that all processes reach where `scheduler` lets the turns go around among them, such as redisStore(), got memoryStore().",
  );
}
