/**
 * Every instrument: its name, its unit, and what it measures. Names and units of requests are those of OpenTelemetry's
 * semantic conventions for HTTP clients; ours stand under `mail_daemon`.
 *
 * Invariant: no attribute has a value that the mail, or a server, makes up: with `queueAddresses` off the number of time
 * series is bounded by the numbers of our codes, states and hosts.
 */
import type { Meter, MetricCounter, MetricHistogram } from "./meter.js";

export const attributeNames = {
  method: "http.request.method",
  status: "http.response.status_code",
  host: "server.address",
  port: "server.port",
  error: "error.type",
  queue: "mail_daemon.queue.address",
  state: "mail_daemon.queue.state",
  outcome: "mail_daemon.outcome",
  scope: "mail_daemon.throttled.scope",
} as const;

/** As the conventions advise for requests, seconds. */
const requestBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** From a busy queue's interval to a weekend, seconds. */
const arrivalBounds = [1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 1_800, 3_600, 14_400, 86_400, 259_200];

type Kind = "Counter" | "Histogram" | "ObservableCounter" | "ObservableGauge" | "ObservableUpDownCounter";

interface Described {
  readonly kind: Kind;
  readonly name: string;
  /** UCUM; what is counted stands in braces. Empty: none, for yes or no. */
  readonly unit: string;
  readonly description: string;
  readonly bounds?: number[];
}

export const described = {
  requestDuration: {
    kind: "Histogram",
    name: "http.client.request.duration",
    unit: "s",
    description: "Duration of HTTP client requests.",
    bounds: requestBounds,
  },
  timeToDelivery: {
    kind: "Histogram",
    name: "mail_daemon.message.time_to_delivery",
    unit: "s",
    description: "From a message's arrival in the mailbox to its first handing over.",
    bounds: arrivalBounds,
  },
  timeToSettled: {
    kind: "Histogram",
    name: "mail_daemon.message.time_to_settled",
    unit: "s",
    description: "From a message's arrival in the mailbox to its acknowledgement, which is durable.",
    bounds: arrivalBounds,
  },
  oldestUndelivered: {
    kind: "ObservableGauge",
    name: "mail_daemon.message.oldest_undelivered_age",
    unit: "s",
    description: "Since the oldest message was found that is not delivered; 0 when there is none.",
  },
  waiting: {
    kind: "ObservableUpDownCounter",
    name: "mail_daemon.message.waiting",
    unit: "{message}",
    description: "Messages that wait for their (next) delivery.",
  },
  foundBySweep: {
    kind: "Counter",
    name: "mail_daemon.message.found_by_sweep",
    unit: "{message}",
    description: "Messages that no round had brought.",
  },
  quarantined: {
    kind: "Counter",
    name: "mail_daemon.message.quarantined",
    unit: "{message}",
    description: "Messages that came to rest in quarantine.",
  },
  deliveries: {
    kind: "Counter",
    name: "mail_daemon.delivery.ended",
    unit: "{delivery}",
    description: "Deliveries that ended, by their outcome.",
  },
  inFlight: {
    kind: "ObservableUpDownCounter",
    name: "mail_daemon.delivery.in_flight",
    unit: "{delivery}",
    description: "Deliveries under way.",
  },
  marksWaiting: {
    kind: "ObservableUpDownCounter",
    name: "mail_daemon.mark.waiting",
    unit: "{mark}",
    description: "Marks that are not yet on the server.",
  },
  rounds: {
    kind: "Counter",
    name: "mail_daemon.round.ended",
    unit: "{round}",
    description: "Rounds that are complete, and turns that failed with their code.",
  },
  queues: {
    kind: "ObservableUpDownCounter",
    name: "mail_daemon.queue.count",
    unit: "{queue}",
    description: "Queues by their state.",
  },
  stale: {
    kind: "ObservableUpDownCounter",
    name: "mail_daemon.queue.stale",
    unit: "{queue}",
    description: "Queues without a complete round for too long.",
  },
  late: {
    kind: "ObservableUpDownCounter",
    name: "mail_daemon.queue.late",
    unit: "{queue}",
    description: "Queues whose oldest undelivered message waits for too long.",
  },
  throttled: {
    kind: "ObservableCounter",
    name: "mail_daemon.throttled.time",
    unit: "s",
    description: "Time in which a mailbox, or the application, was asked nothing because Graph wanted it so; mailboxes are added up.",
  },
  refreshes: {
    kind: "Counter",
    name: "mail_daemon.token.refreshes",
    unit: "{refresh}",
    description: "Access tokens asked for with a refresh token, by their outcome.",
  },
  storeUnavailable: {
    kind: "ObservableGauge",
    name: "mail_daemon.store.unavailable",
    unit: "",
    description: "1 while the store cannot be written or read, else 0.",
  },
  turnsUnavailable: {
    kind: "ObservableGauge",
    name: "mail_daemon.turns.unavailable",
    unit: "",
    description: "1 while no turn of a queue can come to this process, where turns go around among processes.",
  },
} as const satisfies Record<string, Described>;

type Table = typeof described;
type Made<One extends Described> = One["kind"] extends "Counter"
  ? MetricCounter
  : One["kind"] extends "Histogram"
    ? MetricHistogram
    : object;
export type Instruments = { readonly [Name in keyof Table]: Made<Table[Name]> };

export function createInstruments(meter: Meter): Instruments {
  const made = Object.entries<Described>(described).map(([key, { kind, name, unit, description, bounds }]) => {
    const advice = bounds ? { advice: { explicitBucketBoundaries: [...bounds] } } : {};
    return [key, meter[`create${kind}`](name, { description, unit, ...advice })];
  });
  return Object.fromEntries(made) as Instruments;
}

/** Those that are looked at when somebody asks. */
export function observable(instruments: Instruments): object[] {
  const keys = Object.keys(described) as (keyof Table)[];
  return keys.filter((key) => described[key].kind.startsWith("Observable")).map((key) => instruments[key]);
}
