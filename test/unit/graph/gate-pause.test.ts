import { describe, expect, it } from "vitest";
import { longestWaitMs } from "../../../src/graph/bar.js";
import { settle } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { exclusive, queue, setUp } from "./gate-set-up.js";

describe("a pause that Graph asks for", () => {
  it("lets nothing start before its end, and everything then", async () => {
    const { clock, gate, start, begun } = setUp();
    gate.bar({ until: clock.now() + 10_000, code: "TooManyRequests" });
    void start("s1");
    void start("batch", exclusive);
    await clock.advance(9_999);
    expect(begun).toEqual([]);
    await clock.advance(1);
    expect(begun).toEqual(["s1"]);
  });

  it("holds back also what comes in its last millisecond", async () => {
    const { clock, gate, start, begun } = setUp();
    gate.bar({ until: clock.now() + 1, code: "x" });
    void start("s1");
    await settle();
    expect(begun).toEqual([]);
    await clock.advance(1);
    expect(begun).toEqual(["s1"]);
  });

  it("lets no batch start before its end", async () => {
    const { clock, gate, start, begun } = setUp();
    void start("batch", exclusive);
    gate.bar({ until: clock.now() + 5_000, code: "x" });
    void start("batch 2", exclusive);
    await clock.advance(4_999);
    expect(begun).toEqual([]);
    await clock.advance(1);
    expect(begun).toEqual(["batch"]);
  });

  it("does not end work under way", async () => {
    const { clock, gate, start, finish } = setUp();
    const working = start("working");
    await settle();
    gate.bar({ until: clock.now() + 5_000, code: "x" });
    await finish("working");
    expect(await working).toBe("working");
  });

  it("that grows longer while something waits is waited for to its new end", async () => {
    const { clock, gate, start, begun } = setUp();
    gate.bar({ until: clock.now() + 1_000, code: "x" });
    void start("s1");
    await clock.advance(500);
    gate.bar({ until: clock.now() + 9_500, code: "x" });
    await clock.advance(9_499);
    expect(begun).toEqual([]);
    await clock.advance(1);
    expect(begun).toEqual(["s1"]);
  });

  it("is told once for each later end; an earlier end, or one that has passed, changes nothing", () => {
    const { clock, gate, bars } = setUp();
    const now = clock.now();
    expect(gate.barredUntil).toBeLessThanOrEqual(now);
    gate.bar({ until: now, code: "passed" });
    gate.bar({ until: now - 5, code: "passed" });
    expect(gate.barredUntil).toBeLessThanOrEqual(now);
    gate.bar({ until: now + 50, code: "first" });
    gate.bar({ until: now + 50, code: "same" });
    gate.bar({ until: now + 20, code: "earlier" });
    gate.bar({ until: now + 90, code: "later" });
    expect(gate.barredUntil).toBe(now + 90);
    expect(bars).toEqual([
      { until: now + 50, code: "first" },
      { until: now + 90, code: "later" },
    ]);
  });

  it("longer than a call should hang ends the call with the time, so that its owner shows the wait", async () => {
    const { clock, gate, start, begun } = setUp();
    const notBeforeAt = clock.now() + longestWaitMs + 1;
    gate.bar({ until: notBeforeAt, code: "ApplicationThrottled" });
    for (const pass of [{}, exclusive]) {
      const error = await rejected(start("s1", pass));
      expect(error).toMatchObject({ code: "GRAPH_THROTTLED", queue, notBeforeAt, serviceCode: "ApplicationThrottled" });
      expect(error.message).toContain(new Date(notBeforeAt).toISOString());
    }
    expect(begun).toEqual([]);
    await clock.advance(1);
    void start("s2");
    await clock.advance(longestWaitMs);
    expect(begun).toEqual(["s2"]);
  });

  it("that comes to be that long ends also what waits already", async () => {
    const { clock, gate, start } = setUp();
    gate.bar({ until: clock.now() + 1_000, code: "x" });
    const error = rejected(start("s1"));
    await settle();
    gate.bar({ until: clock.now() + 3_600_000, code: "x" });
    await clock.advance(1_000);
    expect((await error).code).toBe("GRAPH_THROTTLED");
  });

  it("is waited for again within work that has its place already", async () => {
    const { clock, gate } = setUp();
    const sent: number[] = [];
    const begunAt = clock.now();
    const send = () => gate.send(async () => void sent.push(clock.now() - begunAt));
    const run = gate.run(async () => {
      await send();
      gate.bar({ until: clock.now() + 2_000, code: "x" });
      await send();
    });
    await clock.advance(1_999);
    expect(sent).toEqual([0]);
    await clock.advance(1);
    await run;
    expect(sent).toEqual([0, 2_000]);
  });

  it("or none keeps work that was aborted from sending again", async () => {
    const { gate } = setUp();
    await expect(gate.send(() => expect.unreachable(), { signal: AbortSignal.abort("stop") })).rejects.toBe("stop");
  });
});

it("a mailbox is sent no more than 150 MB in five minutes, and requests without a body are not held up by it before", async () => {
  const { clock, gate, bars } = setUp();
  const sent: number[] = [];
  const upload = () => gate.run(() => gate.send(async () => void sent.push(clock.ticks()), { bytes: 50_000_000 }));
  for (let part = 0; part < 3; part += 1) await upload();
  await gate.run(() => gate.send(async () => void sent.push(clock.ticks())));
  expect(sent).toEqual([0, 0, 0, 0]);
  expect(await rejected(upload())).toMatchObject({ code: "GRAPH_THROTTLED", serviceCode: "MailboxUploadSpent" });
  expect(bars.map(({ code }) => code)).toEqual(["MailboxUploadSpent"]);
  await clock.advance(315_000);
  await upload();
  expect(sent).toHaveLength(5);
});
