/** A gate over a clock that stands still, and work that begins when the gate lets it and ends when the test says so. */
import type { Bar } from "../../../src/graph/bar.js";
import { createGate, type Gate, type GatePass } from "../../../src/graph/gate.js";
import { deferred } from "../../support/deferred.js";
import { wideGovernor } from "../../support/governance.js";
import { createManualClock, settle } from "../../support/manual-clock.js";

export const queue = "support@contoso.com";

export function setUp(width = 4) {
  const clock = createManualClock();
  const bars: Bar[] = [];
  const gate = createGate({ clock, width, queue, governor: wideGovernor(clock), onBar: (bar) => void bars.push(bar) });
  return { clock, gate, bars, ...workshop(gate) };
}

/** Work that begins when the gate lets it and ends when the test says so. */
function workshop(gate: Gate) {
  const begun: string[] = [];
  const ends = new Map<string, ReturnType<typeof deferred<string>>>();
  const underWay = new Set<string>();
  function start(name: string, pass?: GatePass): Promise<string> {
    const end = deferred<string>();
    ends.set(name, end);
    return gate.run(async () => {
      begun.push(name);
      underWay.add(name);
      try {
        return await end.promise;
      } finally {
        underWay.delete(name);
      }
    }, pass);
  }
  const finish = async (...names: string[]) => {
    for (const name of names) ends.get(name)?.resolve(name);
    await settle();
  };
  return { begun, underWay, start, finish };
}

export const exclusive = { exclusive: true };
