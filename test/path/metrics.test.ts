/**
 * What is measured of a daemon is what the simulator's log, the host and the events say; read from Prometheus' text by a
 * parser that is not ours.
 */
import { expect, onTestFinished, test } from "vitest";
import { openPrometheus } from "../../src/cli/prometheus.js";
import { createDaemon } from "../../src/daemon/daemon.js";
import type { DaemonEvents } from "../../src/daemon/events.js";
import { described } from "../../src/daemon/metrics/instruments.js";
import { type MailDaemonOptions, memoryStore } from "../../src/index.js";
import { address, hostOptions, simulatorWith } from "../support/host.js";
import { createManualClock } from "../support/manual-clock.js";
import { familiesOf, type Labels, type Sample, samplesOf } from "../support/prometheus.js";
import { stepping } from "../support/stepping.js";
import { createTurnsAround } from "../support/turns-around.js";

const other = "sales@contoso.com";
const minute = 60_000;

async function scene({ queueAddresses = false, ...more }: Partial<MailDaemonOptions> & { queueAddresses?: boolean } = {}) {
  const clock = createManualClock();
  const sim = simulatorWith([address, other], { now: () => clock.now(), accessTokenLifetimeSeconds: 3_600 });
  const prometheus = await openPrometheus({ queueAddresses });
  const defaults = { pollIntervalMs: 30_000, startFrom: "everything", maxAttempts: 2, ...more.defaults } as const;
  const queues = [{ address }, { address: other }];
  const daemon = createDaemon(hostOptions(sim, { queues, metrics: prometheus.metrics, ...more, defaults }), clock);
  const done = <T>(work: Promise<T>) => stepping(work, () => clock.advance(5));
  onTestFinished(async () => {
    await done(daemon.stop({ deadlineMs: 0 }));
    await prometheus.close();
  });
  return {
    clock,
    sim,
    daemon,
    done,
    text: () => prometheus.text(),
    /** The value of the one line with that name and these labels. */
    async value(name: string, labels: Labels = {}): Promise<number | undefined> {
      const fits = (sample: Sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value);
      const found = samplesOf(await prometheus.text()).filter(fits);
      expect(found.length).toBeLessThanOrEqual(1);
      return found[0]?.value;
    },
    async started() {
      for (const queue of [address, other]) {
        await done(daemon.signIn(queue, { method: "refreshToken", refreshToken: sim.user(queue).issueRefreshToken() }));
      }
      await done(daemon.start());
      await clock.advance(minute);
    },
  };
}

test("requests by host, method and status are those of the simulator's log, refused and broken ones included", async () => {
  const { clock, sim, daemon, text, started } = await scene();
  sim.faults.add({ name: "busy", route: "delta", status: 429, retryAfter: 20, count: 2 });
  sim.faults.add({ name: "broken", route: "delta", status: 503, count: 1, after: 4 });
  sim.faults.add({ name: "lost", route: "delta", dropSocket: "before", count: 1, after: 6 });
  await started();
  sim.user(address).mailbox.deliverMany([{}, {}, {}]);
  await clock.advance(90 * minute);
  await daemon.pause(address);
  await daemon.pause(other);
  await clock.advance(minute);

  const expected = new Map<string, number>();
  const count = (key: string) => expected.set(key, (expected.get(key) ?? 0) + 1);
  const requests = sim.log.entries().filter(({ batch }) => batch === undefined);
  for (const { route, method, status } of requests) {
    const host = route === "token" || route === "discovery" ? "login.microsoftonline.com" : "graph.microsoft.com";
    const failure = status === undefined ? "GRAPH_UNREACHABLE" : status >= 400 ? String(status) : "";
    count([host, method, status ?? "", failure].join(" "));
  }
  const measured = new Map<string, number>();
  for (const { name, labels, value } of samplesOf(await text())) {
    if (name !== "http_client_request_duration_count") continue;
    expect(labels.server_port).toBe("443");
    const { server_address: host, http_request_method: method, http_response_status_code: status = "", error_type: failure = "" } = labels;
    measured.set([host, method, status, failure].join(" "), value);
  }
  expect(Object.fromEntries(measured)).toEqual(Object.fromEntries(expected));
  expect(measured.get("graph.microsoft.com GET 429 429")).toBe(2);
  expect(measured.get("graph.microsoft.com GET 503 503")).toBe(1);
  expect(measured.get("graph.microsoft.com GET  GRAPH_UNREACHABLE")).toBe(1);
  expect(measured.get("login.microsoftonline.com POST 200 ")).toBeGreaterThan(2);
  expect(measured.get("graph.microsoft.com POST 200 ")).toBe(sim.log.count({ route: "batch" }));
});

test("deliveries by outcome, quarantine, and what is in flight, waits and is marked are what happened", async () => {
  const hung = new Set<string>();
  const { clock, sim, value, started } = await scene({
    handler: async ({ message }) => {
      if (message.subject === "bad") throw new Error("never");
      if (message.subject !== "hangs") return;
      hung.add(message.id);
      await new Promise(() => undefined);
    },
  });
  await started();
  const { mailbox } = sim.user(address);
  sim.faults.add({ name: "full", mailbox: address, route: "patch", status: 403, graphCode: "ErrorQuotaExceeded" });
  mailbox.deliverMany([{}, {}, {}, {}, { subject: "bad" }, { subject: "hangs" }]);
  await clock.advance(4 * minute);
  const outcome = async (name: string) => value("mail_daemon_delivery_ended_total", { mail_daemon_outcome: name });
  expect([await outcome("settled"), await outcome("retried"), await outcome("quarantined")]).toEqual([4, 1, 1]);
  expect(await value("mail_daemon_message_quarantined_total")).toBe(1);
  expect([hung.size, await value("mail_daemon_delivery_in_flight")]).toEqual([1, 1]);
  expect([await value("mail_daemon_message_waiting"), await value("mail_daemon_mark_waiting")]).toEqual([0, 4]);
  const age = (await value("mail_daemon_message_oldest_undelivered_age")) as number;
  expect(age).toBeGreaterThan(180);
  expect(age).toBeLessThanOrEqual(240);
});

test("times from arrival are by the mail's own arrival, to its first handing over and to its acknowledgement", async () => {
  const { clock, sim, text, value, started } = await scene({
    defaults: { pollIntervalMs: 30_000, minPollIntervalMs: 30_000, startFrom: "everything" },
    handler: ({ attempt }) => {
      if (attempt === 1) throw new Error("not yet");
    },
  });
  await started();
  sim.user(address).mailbox.deliver();
  await clock.advance(5 * minute);
  expect([await value("mail_daemon_message_time_to_delivery_count"), await value("mail_daemon_message_time_to_settled_count")]).toEqual([
    1, 1,
  ]);
  const delivered = (await value("mail_daemon_message_time_to_delivery_sum")) as number;
  const settled = (await value("mail_daemon_message_time_to_settled_sum")) as number;
  expect(delivered).toBeGreaterThan(0);
  expect(delivered).toBeLessThan(45);
  // A first failure is tried again after 2.5 to 5 seconds.
  expect(settled - delivered).toBeGreaterThan(2);
  const buckets = samplesOf(await text()).filter(({ name }) => name === "mail_daemon_message_time_to_settled_bucket");
  expect(buckets.map(({ labels }) => labels.le).slice(0, 3)).toEqual(["1", "2", "5"]);
  expect(buckets.map(({ value: one }) => one)).toEqual(
    buckets.map(({ labels }) => Number(settled <= Number(labels.le?.replace("+Inf", "Infinity")))),
  );
});

test("queues by state, stale and late ones, rounds that failed by code, and time in pauses", async () => {
  const { clock, sim, daemon, value, started } = await scene({ handler: () => new Promise(() => undefined) });
  await started();
  const stateOf = (state: string) => value("mail_daemon_queue_count", { mail_daemon_queue_state: state });
  expect([await stateOf("idle"), await stateOf("unavailable"), await stateOf("paused")]).toEqual([2, 0, 0]);
  sim.user(address).mailbox.deliver();
  sim.faults.add({ name: "gone", mailbox: other, route: "delta", status: 404, graphCode: "MailboxNotEnabledForRESTAPI" });
  await clock.advance(20 * minute);
  expect([await stateOf("idle"), await stateOf("unavailable")]).toEqual([1, 1]);
  expect([await value("mail_daemon_queue_stale"), await value("mail_daemon_queue_late")]).toEqual([1, 1]);
  const failed = { mail_daemon_outcome: "failed", error_type: "GRAPH_MAILBOX_UNAVAILABLE" };
  expect(await value("mail_daemon_round_ended_total", failed)).toBeGreaterThan(0);
  const pauses = { mail_daemon_throttled_scope: "mailbox" };
  expect(await value("mail_daemon_throttled_time_total", pauses)).toBe(0);
  const told: DaemonEvents["queue:throttled"][] = [];
  let sum = 0;
  daemon.on("queue:throttled", (payload) => {
    told.push(payload);
    sum += payload.until - clock.now();
  });
  sim.faults.add({ name: "busy", mailbox: address, route: "delta", status: 429, retryAfter: 120, count: 1 });
  await clock.advance(10 * minute);
  expect(told.length).toBe(1);
  expect(await value("mail_daemon_throttled_time_total", pauses)).toBeCloseTo(sum / 1_000, 3);
  expect(sum).toBeGreaterThanOrEqual(120_000);
});

test("token refreshes are counted by their outcome, as the simulator's log has them, and what a sweep finds", async () => {
  const { clock, sim, daemon, done, value, started } = await scene();
  await started();
  sim.user(address).mailbox.deliverUnseen();
  await done(daemon.sweep(address));
  await clock.advance(2 * minute);
  expect(await value("mail_daemon_message_found_by_sweep_total")).toBe(1);
  await clock.advance(70 * minute);
  sim.faults.add({ name: "ended", mailbox: address, route: "token", aadsts: 50173 });
  await clock.advance(70 * minute);
  const asked = sim.log.entries({ route: "token" });
  const given = asked.filter(({ status }) => status === 200).length;
  // A sign-in by a refresh token asks once for each queue, and is no refresh.
  expect(given).toBeGreaterThan(4);
  expect(await value("mail_daemon_token_refreshes_total", { mail_daemon_outcome: "refreshed" })).toBe(given - 2);
  const failed = { mail_daemon_outcome: "failed", error_type: "AUTH_SIGN_IN_REQUIRED" };
  expect(await value("mail_daemon_token_refreshes_total", failed)).toBe(asked.length - given);
  expect(asked.length - given).toBe(1);
});

test("no address stands in the text unless it is asked for, and then queues are told apart", async () => {
  const plain = await scene();
  await plain.started();
  plain.sim.user(address).mailbox.deliver();
  await plain.clock.advance(minute);
  expect(await plain.text()).not.toContain("@");
  const apart = await scene({ queueAddresses: true });
  await apart.started();
  apart.sim.user(address).mailbox.deliver();
  await apart.clock.advance(minute);
  const settled = (queue: string) =>
    apart.value("mail_daemon_delivery_ended_total", { mail_daemon_outcome: "settled", mail_daemon_queue_address: queue });
  expect([await settled(address), await settled(other)]).toEqual([1, undefined]);
  const idle = { mail_daemon_queue_state: "idle", mail_daemon_queue_address: other };
  expect(await apart.value("mail_daemon_queue_count", idle)).toBe(1);
});

test("every instrument is in the text with its type and its help", async () => {
  const { sim, daemon, done, clock, text, started } = await scene({
    handler: ({ message }) => {
      if (message.subject === "bad") throw new Error("never");
    },
  });
  await started();
  sim.user(address).mailbox.deliverMany([{}, { subject: "bad" }]);
  sim.user(address).mailbox.deliverUnseen();
  await clock.advance(minute);
  await done(daemon.sweep(address));
  await clock.advance(70 * minute);
  const written = await text();
  const families = new Map(familiesOf(written).map((family) => [family.name, family]));
  for (const { name, kind, description } of Object.values(described)) {
    const plain = name.replaceAll(".", "_");
    if (kind === "Histogram") {
      expect(written).toContain(`# HELP ${plain} ${description}\n# UNIT ${plain} s\n# TYPE ${plain} histogram\n${plain}_count`);
      const histogram = families.get(plain);
      expect(histogram).toMatchObject({ type: "HISTOGRAM", help: description });
      expect(new Set(histogram?.samples.map((sample) => sample.name))).toEqual(
        new Set(["bucket", "sum", "count"].map((suffix) => `${plain}_${suffix}`)),
      );
      continue;
    }
    const isCounter = kind === "Counter" || kind === "ObservableCounter";
    const family = families.get(isCounter ? `${plain}_total` : plain);
    expect(family).toMatchObject({ type: isCounter ? "COUNTER" : "GAUGE", help: description });
  }
});

test("attributes of the host's are on every line", async () => {
  const prometheus = await openPrometheus();
  onTestFinished(() => prometheus.close());
  const { sim, clock, started } = await scene({ metrics: { ...prometheus.metrics, attributes: { site: "north" } } });
  await started();
  sim.user(address).mailbox.deliver();
  await clock.advance(minute);
  const samples = samplesOf(await prometheus.text());
  expect(samples.length).toBeGreaterThan(50);
  for (const { labels } of samples) expect(labels.site).toBe("north");
});

test("a daemon that has stopped is told so, and what it told while it ran is not told on", async () => {
  const { value, daemon, done, started } = await scene();
  await started();
  const stateOf = (state: string) => value("mail_daemon_queue_count", { mail_daemon_queue_state: state });
  expect([await stateOf("idle"), await stateOf("stopped")]).toEqual([2, 0]);
  await done(daemon.stop());
  for (let look = 0; look < 3; look += 1) expect([await stateOf("idle"), await stateOf("stopped")]).toEqual([0, 2]);
});

test("queues whose turns go around are counted wherever they are", async () => {
  const store = Object.assign(Object.create(memoryStore()), { name: "shared" });
  const clock = createManualClock();
  const { value, started } = await scene({ store, scheduler: createTurnsAround(clock).member() });
  // No turn comes, as that scheduler's time stands still.
  await started();
  expect(await value("mail_daemon_queue_count", { mail_daemon_queue_state: "elsewhere" })).toBe(2);
});
