/** The table of the queues: what stands in it, and that it fits its screen. */
import { expect, it, test } from "vitest";
import { ago, statusTable } from "../../../src/cli/status-table.js";
import { type DaemonStatus, nothingUnderWay, type QueueStatus } from "../../../src/daemon/status.js";

const now = Date.parse("2026-03-01T08:00:00Z");

function queue(address: string, changes: Partial<QueueStatus> = {}): QueueStatus {
  const state = {
    state: "idle",
    why: "a round is complete",
    ...nothingUnderWay,
  } as const;
  return { address, ...state, lastRoundAt: new Date(now - 3_000), ...changes };
}

function table(
  queues: readonly QueueStatus[],
  { columns = 160, rows = 24, ...status }: Partial<DaemonStatus & { columns: number; rows: number }> = {},
) {
  return statusTable({ state: "running", queues, ...status }, { columns, rows, now, style: (_, text) => text });
}

it("has a line for each queue with its state, numbers, last round and why", () => {
  expect(
    table([
      queue("support@contoso.com", { waiting: 12, inFlight: 3 }),
      queue("sales@contoso.com", {
        state: "waiting-for-sign-in",
        why: "AUTH_SIGN_IN_REQUIRED: nobody signed in",
        lastRoundAt: undefined,
      } as never),
      queue("old@contoso.com", { stale: true, state: "throttled", why: "Graph asked for a pause", lastRoundAt: new Date(now - 3_600_000) }),
    ]),
  ).toEqual([
    "QUEUE                STATE                WAITING  IN FLIGHT  LAST ROUND         WHY",
    "support@contoso.com  idle                 12       3          3 s ago",
    "sales@contoso.com    waiting-for-sign-in  0        0          none yet           AUTH_SIGN_IN_REQUIRED: nobody signed in",
    "old@contoso.com      throttled            0        0          60 min ago, stale  Graph asked for a pause",
  ]);
});

it("is never wider than the screen", () => {
  const wide = queue(`${"long".repeat(30)}@contoso.com`, { state: "unavailable", why: "why ".repeat(100) });
  for (const columns of [20, 80, 200]) for (const line of table([wide], { columns })) expect(line.length).toBeLessThan(columns);
});

it("shows those that need somebody where not all fit, and how many are left", () => {
  const queues = Array.from({ length: 50 }, (_, index) => queue(`q${index}@contoso.com`));
  queues[40] = queue("broken@contoso.com", { state: "unavailable", why: "gone" });
  queues[41] = queue("unsigned@contoso.com", { state: "waiting-for-sign-in", why: "no token" });
  const lines = table(queues, { rows: 10 });
  expect(lines.length).toBeLessThan(10);
  expect(lines.slice(1, 3).map((line) => line.split(" ")[0])).toEqual(["unsigned@contoso.com", "broken@contoso.com"]);
  expect(lines.at(-1)).toBe("… and 44 more");
});

it("obeys no text: what would steer the terminal is left out", () => {
  const lines = table([queue("a@contoso.com", { state: "unavailable", why: "bad\u001b[2J\u0007\n\u202etxt" })]);
  expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(lines[1]).toContain("bad [2J txt");
});

it("names the trouble of the store below", () => {
  const storeTrouble = { since: new Date(now), why: "STORE_UNAVAILABLE: no space left" };
  expect(table([queue("a@contoso.com")], { storeTrouble }).at(-1)).toBe("The store: STORE_UNAVAILABLE: no space left");
});

test.each([
  [0, "0 s ago"],
  [59_400, "59 s ago"],
  [60_000, "1 min ago"],
  [119 * 60_000, "119 min ago"],
  [3 * 3_600_000, "3 h ago"],
  [-5_000, "0 s ago"],
])("%i ms are %s", (ms, text) => expect(ago(ms)).toBe(text));
