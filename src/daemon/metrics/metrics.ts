/**
 * Measures a daemon: from its events, from its requests and hand-overs, and from its status when somebody asks.
 *
 * Invariants: it changes nothing; with `queueAddresses` off nothing it tells names a queue. It must not know where the
 * measurements go.
 */
import type { Clock } from "../../base/clock.js";
import type { Emitter } from "../../base/emitter.js";
import type { MailErrorCode } from "../../base/errors.js";
import type { RequestEnd } from "../../base/measured-http.js";
import type { Delivery } from "../../delivery/delivery.js";
import { queueStates } from "../../schedule/events.js";
import type { DaemonEvents } from "../events.js";
import type { DaemonStatus, QueueStatus } from "../status.js";
import { createInstruments, type Instruments, attributeNames as names, observable } from "./instruments.js";
import { globalMeterProvider, type MetricAttributes, type Observations } from "./meter.js";
import type { MetricsOptions } from "./options.js";
import { createThrottledTime, type ThrottledTime } from "./throttled-time.js";

export interface Metrics {
  /** A request to that host has ended. */
  requestEnded(host: string, end: RequestEnd): void;
  /** Entra gave a new token, or our code for why not. */
  refreshEnded(code?: MailErrorCode | "_OTHER"): void;
  /** A message is handed over. */
  handedOver(delivery: Delivery): void;
  /** The daemon has stopped: that is told to whoever asks next, and nothing is looked at any more. */
  end(): void;
}

export interface MetricsSources {
  readonly clock: Clock;
  readonly on: Emitter<DaemonEvents>["on"];
  readonly status: () => DaemonStatus;
}

/** By which measurements of ours are told apart from others'. */
const meterName = "m365-mail-daemon";
/** The conventions ask for it; the door has no other. */
const httpsPort = 443;

/** @throws ConfigError `CONFIG_PACKAGE_MISSING` */
export function startMetrics(options: MetricsOptions, { clock, on, status }: MetricsSources): Metrics {
  const { meterProvider = globalMeterProvider(), queueAddresses = false, attributes: base = {} } = options;
  const meter = meterProvider.getMeter(meterName);
  const instruments = createInstruments(meter);
  const throttled = { mailbox: createThrottledTime(), application: createThrottledTime() };
  const seconds = (ms: number) => Math.max(0, ms) / 1_000;
  const of = (queue: string, more: MetricAttributes = {}): MetricAttributes => ({
    ...base,
    ...(queueAddresses ? { [names.queue]: queue } : {}),
    ...more,
  });
  const ended = (queue: string, outcome: string, failure?: string) =>
    of(queue, { [names.outcome]: outcome, ...(failure === undefined ? {} : { [names.error]: failure }) });

  const removers = [
    on("message:settled", ({ queue, receivedAt }) => {
      instruments.deliveries.add(1, ended(queue, "settled"));
      instruments.timeToSettled.record(seconds(clock.now() - receivedAt), of(queue));
    }),
    on("message:retrying", ({ queue }) => instruments.deliveries.add(1, ended(queue, "retried"))),
    on("message:quarantined", ({ queue, attempts, crashes }) => {
      instruments.quarantined.add(1, of(queue));
      // One that rests without having been handed over, or for what it did to the process, is no delivery that ended now.
      if (attempts > 0 && crashes === undefined) instruments.deliveries.add(1, ended(queue, "quarantined"));
    }),
    on("message:found-by-sweep", ({ queue }) => instruments.foundBySweep.add(1, of(queue))),
    on("queue:polled", ({ queue }) => instruments.rounds.add(1, ended(queue, "complete"))),
    on("queue:failed", ({ queue, code }) => instruments.rounds.add(1, ended(queue, "failed", code))),
    on("queue:throttled", ({ queue, until }) => throttled.mailbox.barred(queue, clock.now(), until)),
    on("app:throttled", ({ until }) => throttled.application.barred("", clock.now(), until)),
  ];

  let look = status;
  let isOver = false;

  function observe(observations: Observations): void {
    const { queues, storeTrouble, turnTrouble } = look();
    observations.observe(instruments.storeUnavailable, storeTrouble ? 1 : 0, { ...base });
    observations.observe(instruments.turnsUnavailable, turnTrouble ? 1 : 0, { ...base });
    for (const scope of ["mailbox", "application"] as const) observeThrottled(observations, scope, throttled[scope]);
    const groups = queueAddresses ? queues.map((queue) => [queue]) : [queues];
    for (const group of groups) observeQueues(observations, instruments, group, (more) => of(group[0]?.address ?? "", more));
    // Not while callbacks are being called.
    if (isOver) queueMicrotask(() => meter.removeBatchObservableCallback(observe, looked));
  }

  function observeThrottled(observations: Observations, scope: string, time: ThrottledTime): void {
    observations.observe(instruments.throttled, seconds(time.total(clock.now())), { ...base, [names.scope]: scope });
  }

  const looked = observable(instruments);
  meter.addBatchObservableCallback(observe, looked);

  return {
    requestEnded(host, { method, status: answered, failure, tookMs }) {
      const wrong = failure ?? (answered !== undefined && answered >= 400 ? String(answered) : undefined);
      instruments.requestDuration.record(seconds(tookMs), {
        ...base,
        [names.method]: method,
        [names.host]: host,
        [names.port]: httpsPort,
        ...(answered === undefined ? {} : { [names.status]: answered }),
        ...(wrong === undefined ? {} : { [names.error]: wrong }),
      });
    },
    refreshEnded(code) {
      const outcome = { [names.outcome]: code === undefined ? "refreshed" : "failed" };
      instruments.refreshes.add(1, { ...base, ...outcome, ...(code === undefined ? {} : { [names.error]: code }) });
    },
    handedOver({ queue, attempt, message }) {
      if (attempt === 1) instruments.timeToDelivery.record(seconds(clock.now() - message.receivedAt.getTime()), of(queue));
    },
    end() {
      for (const remove of removers) remove();
      // What was told last stays told: it must not be that all is well.
      const last = status();
      look = () => last;
      isOver = true;
    },
  };
}

/** Some queues together. */
function observeQueues(
  observations: Observations,
  instruments: Instruments,
  queues: readonly QueueStatus[],
  attributes: (more?: MetricAttributes) => MetricAttributes,
): void {
  const sum = (count: (queue: QueueStatus) => number) => queues.reduce((total, queue) => total + count(queue), 0);
  for (const state of queueStates) {
    const count = sum((queue) => Number(queue.state === state));
    observations.observe(instruments.queues, count, attributes({ [names.state]: state }));
  }
  const oldestMs = queues.reduce((most, { oldestUndeliveredMs = 0 }) => Math.max(most, oldestUndeliveredMs), 0);
  observations.observe(instruments.oldestUndelivered, oldestMs / 1_000, attributes());
  const counts = [
    [instruments.stale, (queue: QueueStatus) => Number(queue.stale)],
    [instruments.late, (queue: QueueStatus) => Number(queue.late)],
    [instruments.waiting, (queue: QueueStatus) => queue.waiting],
    [instruments.inFlight, (queue: QueueStatus) => queue.inFlight],
    [instruments.marksWaiting, (queue: QueueStatus) => queue.marksWaiting],
  ] as const;
  for (const [instrument, count] of counts) observations.observe(instrument, sum(count), attributes());
}
