/** What a queue keeps from turn to turn: as it was written, so it is read, also what an earlier version wrote. */
import { expect, test } from "vitest";
import { memoryValue, type QueueMemory, readMemory, type TurnNote } from "../../../src/schedule/queue-memory.js";

const at = Date.parse("2026-03-01T08:00:00Z");
const note: TurnNote = { worker: "one", at, waiting: 0, delayed: 0, marksWaiting: 0 };

function memoryWith(gate: QueueMemory["session"]["gate"]): QueueMemory {
  return {
    poller: {
      state: "idle",
      why: "nothing new",
      lastRoundAt: at,
      roundlessSince: at,
      staleSince: undefined,
      cadence: { gapMs: 1_000, newsAt: at, place: 0.5, failures: 0 },
    },
    session: { missing: new Map(), troubleSince: new Map(), flows: [], doubts: [], gate },
    lateness: { graceUntil: at, lateSince: undefined },
    sweepDueAt: undefined,
  };
}

test("what the gate knew is read as it was written", () => {
  const memory = memoryWith({ at, spent: [[at + 630_000, 21]], uploaded: [], unnamed: 2 });
  const value = JSON.parse(JSON.stringify(memoryValue(memory, note)));
  expect(readMemory({ value }, "support@contoso.com").memory?.session.gate).toEqual(memory.session.gate);
});

test("a memory without what the gate knew, as it was written before, is read", () => {
  const value = JSON.parse(JSON.stringify(memoryValue(memoryWith(undefined), note)));
  expect(value).not.toHaveProperty("gate");
  const { memory, error } = readMemory({ value }, "support@contoso.com");
  expect([error, memory?.session.gate, memory?.poller.state]).toEqual([undefined, undefined, "idle"]);
});
