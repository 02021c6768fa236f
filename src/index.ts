/** m365-mail-daemon: customer mail from Microsoft 365, handed to your handler once, with nothing lost. */

export type { SignInResult } from "./auth/accounts.js";
export type { Advice } from "./auth/advice.js";
export { environmentKeys } from "./auth/environment-keys.js";
export type { Alarm, AuthEvents } from "./auth/events.js";
export type { Identity } from "./auth/identity.js";
export { keyFile } from "./auth/key-file.js";
export {
  generateKey,
  type KeyFunction,
  type KeyRing,
  keyRing,
  type VaultKey,
  type VaultKeyInput,
} from "./auth/key-ring.js";
export { type KeychainKeys, type KeychainOptions, keychainKeys } from "./auth/keychain-keys.js";
export type { BrowserSignIn } from "./auth/methods/browser.js";
export type { DeviceCodeSignIn, DevicePrompt } from "./auth/methods/device-code.js";
export type { SignInLimits } from "./auth/methods/flow.js";
export type { PasswordSignIn } from "./auth/methods/password.js";
export type { RefreshTokenSignIn } from "./auth/methods/refresh-token.js";
export type { EndReason } from "./auth/session-end.js";
export type { Replaced } from "./auth/sign-in.js";
export type { SignInMethod } from "./auth/sign-in-method.js";
export type { RotateResult } from "./auth/vault.js";
export type { Clock } from "./base/clock.js";
export type { CloudName } from "./base/cloud.js";
export type { EmitterEvents, Listener } from "./base/emitter.js";
export { ConfigError, type ErrorScope, MailError, type MailErrorCode, type MailErrorDetails, type Responsible } from "./base/errors.js";
export type { Fetch } from "./base/http.js";
export type { RedisClient } from "./base/redis-library.js";
export { type UndiciFetchOptions, undiciFetch } from "./base/undici-fetch.js";
export type {
  DeliveryConfig,
  HttpConfig,
  JsonConfig,
  KeysConfig,
  MailDaemonConfig,
  WebhookConfig,
} from "./cli/config.js";
export type { FiledMailJson, MailJson, MessageJson } from "./cli/mail-json.js";
export { createMailDaemon } from "./daemon/daemon.js";
export type { DoctorCheck, Finding } from "./daemon/doctor/finding.js";
export type { DaemonEvents } from "./daemon/events.js";
export type { LimitOptions } from "./daemon/limits.js";
export type { Logger } from "./daemon/log.js";
export type { MailDaemon, StopOptions } from "./daemon/mail-daemon.js";
export type {
  InstrumentOptions,
  Meter,
  MeterProvider,
  MetricAttributes,
  MetricCounter,
  MetricHistogram,
  Observations,
} from "./daemon/metrics/meter.js";
export type { MetricsOptions } from "./daemon/metrics/options.js";
export type { AppOptions, Handler, MailDaemonOptions, QueueDefaults, QueueOptions } from "./daemon/options.js";
export type { DaemonState, DaemonStatus, QueueStatus } from "./daemon/status.js";
export type { StatusOfAll } from "./daemon/status-of-all.js";
export type { WorkerStatus } from "./daemon/workers.js";
export type { Delivery, RetryOptions, SettleResult } from "./delivery/delivery.js";
export type { DeliveryEvents } from "./delivery/events.js";
export type { IfChangedElsewhere } from "./delivery/foreign.js";
export type { FinalState, ForeignChange, FoundBy } from "./delivery/ledger-record.js";
export type { QuarantinedMessage } from "./delivery/quarantine.js";
export type { StormOptions } from "./delivery/storm-rule.js";
export type { FailedAttempt, MarkStory, MessageState, MessageStory } from "./delivery/story.js";
export type { Automatic, AutomaticReason } from "./mailbox/automatic.js";
export type { ContentOptions } from "./mailbox/content-options.js";
export type { Oversize, OversizePart } from "./mailbox/content-size.js";
export type { FolderOption, FolderTree } from "./mailbox/folder-name.js";
export type { MailAddress } from "./mailbox/mail-address.js";
export type { AttachedItem, AttachedMessage, LazyContent, MailAttachment, StreamOptions } from "./mailbox/mail-content.js";
export type { MailHeader } from "./mailbox/mail-header.js";
export type { DeliveryMark, Mark } from "./mailbox/mark.js";
export type { MailBody, MailMessage } from "./mailbox/message.js";
export type { MissingPart, Reduction } from "./mailbox/reduced.js";
export { type BullmqScheduler, type BullmqSchedulerOptions, bullmqScheduler } from "./schedule/bullmq.js";
export type { RedisClientLike, RedisPlace } from "./schedule/bullmq-connection.js";
export type { QueueState, ScheduleEvents } from "./schedule/events.js";
export type { RunTurn, Scheduler, Turn } from "./schedule/scheduler.js";
export type { StartFrom } from "./schedule/session.js";
export type { SweepResult } from "./schedule/sweep-verdict.js";
export type { SchedulerCounts } from "./schedule/turn-counts.js";
export type { StoreEvents } from "./state/events.js";
export { type LmdbStoreOptions, lmdbStore } from "./state/lmdb.js";
export { type MemoryStoreOptions, memoryStore } from "./state/memory.js";
export { type RedisStoreOptions, redisStore } from "./state/redis.js";
export type { Check, Commit, CommitResult, Entry, Key, Selection, Store, Value } from "./state/store.js";
