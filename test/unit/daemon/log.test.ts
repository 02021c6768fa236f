/** What is logged of each event, how loud, and that neither mail nor addresses stand in it. */
import { expect, test } from "vitest";
import { disguised } from "../../../src/base/disguise.js";
import { createEmitter } from "../../../src/base/emitter.js";
import type { DaemonEvents } from "../../../src/daemon/events.js";
import { type Logger, startLog } from "../../../src/daemon/log.js";
import { type Level, lines } from "../../../src/daemon/log-lines.js";

const queue = "support@contoso.com";
const masked = disguised(queue);

type LogLine = [level: Level, details: Record<string, unknown>, message: string];

function logged(options: { logAddresses?: boolean } = {}) {
  const written: LogLine[] = [];
  const write = (level: Level) => (details: object, message: string) =>
    void written.push([level, details as Record<string, unknown>, message]);
  const logger: Logger = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  const emitter = createEmitter<DaemonEvents>();
  const end = startLog({ logger, logAddresses: options.logAddresses ?? false, on: emitter.on });
  return { written, emitter, end, levels: () => written.map(([level, { event }]) => `${level} ${event}`) };
}

const state = (from: string, to: string, why: string) => ({ queue, from, to, why }) as DaemonEvents["queue:state"];

test("a line has its event, the fields of the table, and a sentence", () => {
  const { written, emitter } = logged();
  emitter.emit("queue:throttled", { queue, until: 5, code: "ApplicationThrottled" });
  expect(written).toEqual([
    ["warn", { event: "queue:throttled", queue: masked, until: 5, code: "ApplicationThrottled" }, "the mailbox is not asked for a while"],
  ]);
});

test("what a handler threw is not logged, nor the error of a listener; ids and counts are", () => {
  const { written, emitter } = logged();
  const secret = "Error: cannot book the order of Mrs Miller";
  emitter.emit("message:retrying", { queue, id: "m1", attempt: 2, reason: secret, nextAt: 7 });
  emitter.emit("message:quarantined", { queue, id: "m1", attempts: 5, reason: secret });
  emitter.emit("listener:failed", { event: "message:settled", error: new Error(secret) });
  expect(JSON.stringify(written)).not.toContain("Miller");
  expect(written.map(([level, details]) => [level, details])).toEqual([
    ["debug", { event: "message:retrying", queue: masked, id: "m1", attempt: 2, nextAt: 7 }],
    ["warn", { event: "message:quarantined", queue: masked, id: "m1", attempts: 5 }],
    ["error", { event: "listener:failed", of: "message:settled" }],
  ]);
});

test("no local part of an address is logged, also in sentences and remedies; with `logAddresses` they stand as they are", () => {
  const alarm: DaemonEvents["queue:sign-in-required"] = {
    queue,
    account: "Agent@Contoso.com",
    code: "AUTH_SIGN_IN_REQUIRED",
    reason: `${queue} has not been signed in.`,
    remedy: `Sign ${queue} in.`,
    who: "user",
    step: "sign-in",
  };
  const hidden = logged();
  hidden.emitter.emit("queue:sign-in-required", alarm);
  expect(JSON.stringify(hidden.written)).not.toMatch(/support@|agent@/i);
  expect(hidden.written[0]?.[1]).toMatchObject({
    queue: masked,
    reason: `${masked} has not been signed in.`,
    code: "AUTH_SIGN_IN_REQUIRED",
  });
  const shown = logged({ logAddresses: true });
  shown.emitter.emit("queue:sign-in-required", alarm);
  expect(shown.written).toEqual([["error", { event: "queue:sign-in-required", ...alarm }, expect.any(String)]]);
});

test("rounds that come and go are no news; trouble is, and so is its end", () => {
  const { emitter, levels } = logged();
  const round = () => {
    emitter.emit("queue:state", state("idle", "polling", "a round began"));
    emitter.emit("queue:state", state("polling", "idle", "the round is complete"));
  };
  round();
  for (let look = 0; look < 2; look += 1) {
    emitter.emit("queue:state", state("polling", "unavailable", "GRAPH_MAILBOX_UNAVAILABLE: there is none"));
    emitter.emit("queue:state", state("unavailable", "polling", "a round began"));
  }
  emitter.emit("queue:state", state("polling", "idle", "the round is complete"));
  round();
  expect(levels().map((line) => line.split(" ")[0])).toEqual([
    "debug",
    "debug",
    "warn",
    "debug",
    "debug",
    "debug",
    "info",
    "debug",
    "debug",
  ]);
});

test("a queue that is idle by an error is in trouble until a round is complete; its further failures are not told again", () => {
  const { emitter, levels } = logged();
  const failed = { queue, code: "GRAPH_UNREACHABLE", reason: "no network", nextInMs: 1 } as const;
  for (const failures of [1, 2, 3]) {
    emitter.emit("queue:failed", { ...failed, failures });
    emitter.emit("queue:state", state("polling", "idle", "GRAPH_UNREACHABLE: no network"));
  }
  emitter.emit("queue:state", state("polling", "idle", "the round is complete"));
  expect(levels()).toEqual([
    "warn queue:failed",
    "debug queue:state",
    "debug queue:failed",
    "debug queue:state",
    "debug queue:failed",
    "debug queue:state",
    "info queue:state",
  ]);
});

test("a daemon that stops by itself says so louder than one that is stopped, and a wait for ever has no time in it", () => {
  const { written, emitter, levels } = logged();
  emitter.emit("daemon:stopped", { why: "stop() was called" });
  emitter.emit("daemon:stopped", { why: "LIFECYCLE_LOST_STORE: taken", code: "LIFECYCLE_LOST_STORE" });
  expect(levels()).toEqual(["info daemon:stopped", "error daemon:stopped"]);
  emitter.emit("queue:failed", {
    queue,
    code: "AUTH_SIGN_IN_REQUIRED",
    reason: "nobody",
    failures: 1,
    nextInMs: Number.POSITIVE_INFINITY,
  });
  expect(written.at(-1)?.[1]).not.toHaveProperty("nextInMs");
});

test("after its end nothing is logged, and nobody listens", () => {
  const { written, emitter, end } = logged();
  end();
  emitter.emit("daemon:started", { queues: 1 });
  expect(written).toEqual([]);
  for (const name of Object.keys(lines) as (keyof typeof lines)[]) expect(emitter.listenerCount(name)).toBe(0);
});

test("a logger that throws is told once as a failed listener, and stops nothing", () => {
  const emitter = createEmitter<DaemonEvents>();
  const fails = () => {
    throw new Error("the disk is full");
  };
  const told: string[] = [];
  emitter.on("listener:failed", ({ event }) => void told.push(event));
  startLog({ logger: { debug: fails, info: fails, warn: fails, error: fails }, logAddresses: false, on: emitter.on });
  expect(() => emitter.emit("daemon:started", { queues: 1 })).not.toThrow();
  expect(told).toEqual(["daemon:started"]);
});
