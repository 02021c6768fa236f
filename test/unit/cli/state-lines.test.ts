/** What `run` tells on standard error, and what it keeps to itself. */
import { expect, it } from "vitest";
import { createEmitter } from "../../../src/base/emitter.js";
import { tellStates } from "../../../src/cli/state-lines.js";
import type { DaemonEvents } from "../../../src/daemon/events.js";

const queue = "support@contoso.com";
const at = "2026-03-01T08:00:00.000Z";

function scene(changes: { json?: boolean; showsStates?: boolean; tellsReasons?: boolean } = {}) {
  const daemon = createEmitter<DaemonEvents>();
  const lines: string[] = [];
  const end = tellStates({
    daemon,
    json: false,
    showsStates: false,
    tellsReasons: true,
    commandOf: (...words) => `m365-mail-daemon ${words.join(" ")}`,
    tell: (line) => lines.push(line),
    now: () => Date.parse(at),
    ...changes,
  });
  const state = (to: DaemonEvents["queue:state"]["to"], why = "because") => daemon.emit("queue:state", { queue, from: "idle", to, why });
  return { daemon, lines, end, state };
}

it("tells a change of state once, and nothing while a queue polls and rests in turn", () => {
  const { lines, state } = scene();
  for (const to of ["polling", "idle", "polling", "idle"] as const) state(to);
  state("throttled", "Graph asked for a pause");
  for (const to of ["polling", "idle"] as const) state(to);
  expect(lines).toEqual([
    `${at} ${queue}: polled from now on`,
    `${at} ${queue}: throttled: Graph asked for a pause`,
    `${at} ${queue}: polled from now on`,
  ]);
});

it("leaves the states to the table where there is one", () => {
  const { lines, state, daemon } = scene({ showsStates: true });
  state("unavailable");
  daemon.emit("queue:signed-in", { queue, account: queue, method: "deviceCode" });
  expect(lines).toEqual([`${at} ${queue}: signed in (deviceCode)`]);
});

it("tells a queue that needs a sign-in with the command to run; a vault that does not open needs another remedy", () => {
  const { lines, daemon } = scene();
  const alarm = { queue, account: queue, reason: "It was never signed in.", remedy: "Sign it in." };
  daemon.emit("queue:sign-in-required", { ...alarm, code: "AUTH_SIGN_IN_REQUIRED" });
  daemon.emit("queue:sign-in-required", { ...alarm, code: "AUTH_VAULT_KEY_UNKNOWN", remedy: "Bring the key back." });
  expect(lines).toEqual([
    `${at} ${queue}: needs a sign-in: AUTH_SIGN_IN_REQUIRED: It was never signed in. Sign it in. Run: m365-mail-daemon sign-in ${queue}`,
    `${at} ${queue}: needs a sign-in: AUTH_VAULT_KEY_UNKNOWN: It was never signed in. Bring the key back.`,
  ]);
});

it("tells the first failed delivery of a queue, and that they go through again", () => {
  const { lines, daemon } = scene();
  const retrying = { queue, id: "m1", attempt: 2, reason: "DELIVERY_WEBHOOK_REFUSED: h answered 500", nextAt: Date.parse(at) + 5_000 };
  for (let count = 0; count < 3; count += 1) daemon.emit("message:retrying", retrying);
  for (let count = 0; count < 2; count += 1) daemon.emit("message:settled", { queue, id: "m2", attempt: 1, receivedAt: 0 });
  daemon.emit("message:quarantined", { queue, id: "m1", attempts: 5, reason: "x" });
  expect(lines).toEqual([
    `${at} ${queue}: a delivery failed (attempt 2, the next at 2026-03-01T08:00:05.000Z): DELIVERY_WEBHOOK_REFUSED: h answered 500`,
    `${at} ${queue}: deliveries go through again`,
    `${at} ${queue}: a mail rests in quarantine after 5 attempts; m365-mail-daemon explain ${queue} m1 says why`,
  ]);
});

it.each([false, true])("keeps the words of a handler to itself (as JSON: %s)", (json) => {
  const { lines, daemon } = scene({ json, tellsReasons: false });
  daemon.emit("message:retrying", { queue, id: "m1", attempt: 1, reason: "no such customer: Ada", nextAt: 0 });
  daemon.emit("message:quarantined", { queue, id: "m1", attempts: 5, reason: "no such customer: Ada" });
  expect(lines).toHaveLength(2);
  expect(lines.join("")).not.toContain("Ada");
});

it("is a line of JSON for each where results are JSON", () => {
  const { lines, daemon } = scene({ json: true });
  daemon.emit("daemon:started", { queues: 2 });
  expect(JSON.parse(lines[0] as string)).toEqual({ at, event: "daemon:started", queues: 2 });
});

it("tells nothing after its end", () => {
  const { lines, daemon, end } = scene();
  end();
  daemon.emit("daemon:started", { queues: 2 });
  expect([lines, daemon.listenerCount("daemon:started")]).toEqual([[], 0]);
});
