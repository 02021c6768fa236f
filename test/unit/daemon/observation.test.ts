/** The log and the metrics cost nothing where nobody wants them, and break nothing where the host's own fail. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { expect, expectTypeOf, test } from "vitest";
import { createEmitter } from "../../../src/base/emitter.js";
import type { DaemonEvents } from "../../../src/daemon/events.js";
import type { Logger } from "../../../src/daemon/log.js";
import type { Meter } from "../../../src/daemon/metrics/meter.js";
import { observe } from "../../../src/daemon/observation.js";
import type { Delivery } from "../../../src/index.js";
import { createManualClock } from "../../support/manual-clock.js";
import { createScene } from "./set-up.js";

const nothing = { logger: undefined, logAddresses: false, metrics: undefined };
const status = () => ({ state: "running", queues: [] }) as const;

/** An emitter, and how many listeners were added to it. */
function counted() {
  const emitter = createEmitter<DaemonEvents>();
  const added: string[] = [];
  const on: typeof emitter.on = (name, listener) => {
    added.push(name);
    return emitter.on(name, listener);
  };
  return { added, emitter: { ...emitter, on } };
}

/** A meter of which everything that is measured fails. */
function brokenMeter(): Meter {
  const fails = () => {
    throw new Error("the meter is broken");
  };
  const instrument = () => ({ add: fails, record: fails });
  return {
    createCounter: instrument,
    createHistogram: instrument,
    createObservableCounter: instrument,
    createObservableGauge: instrument,
    createObservableUpDownCounter: instrument,
    addBatchObservableCallback: () => undefined,
    removeBatchObservableCallback: () => undefined,
  };
}

test("where neither is wanted nothing is listened to, no request is measured and no hand-over", () => {
  const { added, emitter } = counted();
  const observation = observe(nothing, { clock: createManualClock(), emitter, status });
  expect([added, observation.connection]).toEqual([[], {}]);
  observation.handedOver({} as Delivery);
  observation.end();
  const wanted = counted();
  observe({ ...nothing, logger: console }, { clock: createManualClock(), emitter: wanted.emitter, status }).end();
  expect(wanted.added.length).toBeGreaterThan(30);
});

test("no file of src imports OpenTelemetry but the command line's, and that when it is used", () => {
  const src = fileURLToPath(new URL("../../../src", import.meta.url));
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const importing = (pattern: RegExp) => files.filter((name) => pattern.test(readFileSync(`${src}/${name}`, "utf8")));
  expect(importing(/from "@opentelemetry/)).toEqual([]);
  expect(importing(/import\("@opentelemetry/)).toEqual(["cli/prometheus.ts"]);
});

test("a meter that throws keeps no mail and no request from going on, and is told", async () => {
  const scene = createScene();
  const failed: DaemonEvents["listener:failed"][] = [];
  const daemon = scene.daemon({ metrics: { meterProvider: { getMeter: brokenMeter } } });
  daemon.on("listener:failed", (payload) => void failed.push(payload));
  scene.work = () => Promise.resolve();
  await scene.signIn(daemon);
  scene.sim.user("support@contoso.com").mailbox.deliver();
  await scene.done(daemon.start());
  await scene.until(() => scene.names().includes("message:marked"));
  expect(new Set(failed.map(({ event }) => event))).toEqual(new Set(["metrics", "message:settled", "queue:polled"]));
});

test("pino, its children and the console are loggers, and pino writes a line as the daemon gives it", () => {
  expectTypeOf(pino()).toExtend<Logger>();
  expectTypeOf(pino().child({})).toExtend<Logger>();
  expectTypeOf(console).toExtend<Logger>();
  const lines: string[] = [];
  const logger = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const { emitter } = counted();
  const observation = observe({ ...nothing, logger }, { clock: createManualClock(), emitter, status });
  emitter.emit("queue:throttled", { queue: "support@contoso.com", until: 5, code: "ApplicationThrottled" });
  observation.end();
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { level: 40, event: "queue:throttled", queue: expect.stringMatching(/^[\w-]{16}@contoso\.com$/), until: 5, msg: expect.any(String) },
  ]);
});
