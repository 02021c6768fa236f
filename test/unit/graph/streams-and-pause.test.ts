/** Streams that hosts read slowly, and the places of all mailboxes. */
import { expect, it } from "vitest";
import { createGate } from "../../../src/graph/gate.js";
import { createGovernor } from "../../../src/graph/governor.js";
import { createManualClock } from "../../support/manual-clock.js";

function createScene(concurrency: number) {
  const clock = createManualClock();
  const governor = createGovernor({ clock, concurrency, requestsPerTenSeconds: 130_000 });
  const gateOf = (queue: string) => createGate({ clock, queue, width: 4, governor });
  const begun: string[] = [];
  const never = () => new Promise<void>(() => undefined);
  /** One that never ends. */
  const stream = (queue: string) => {
    const gate = gateOf(queue);
    return gate.run(
      () => gate.send(async () => void begun.push(`stream of ${queue}`), { streamed: true }, never),
      { streamed: true },
      never,
    );
  };
  const round = (queue: string) => {
    const gate = gateOf(queue);
    return gate.run(() => gate.send(async () => void begun.push(`round of ${queue}`)));
  };
  return { clock, governor, begun, stream, round };
}

it("however many streams are open when all are paused, the others begin again after it", async () => {
  const { clock, governor, begun, stream, round } = createScene(1_000);
  for (let index = 0; index < 8; index += 1) await stream(`${index}`);
  governor.keep({ until: clock.now() + 5_000, code: "ManyMailboxesThrottled" });
  const rounds = Promise.all(["a", "b", "c", "d"].map(round));
  await clock.advance(4_999);
  expect(begun.filter((what) => what.startsWith("round"))).toEqual([]);
  await clock.advance(1);
  await rounds;
});

it("streams get half of the application's places at the most: one too many waits, and keeps nobody else waiting", async () => {
  const { clock, begun, stream, round } = createScene(4);
  for (const queue of ["a", "b", "c"]) void stream(queue);
  await clock.advance(1_000);
  expect(begun).toEqual(["stream of a", "stream of b"]);
  await round("d");
  expect(begun.at(-1)).toBe("round of d");
});
