import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { settle } from "../../support/manual-clock.js";
import { exclusive, setUp } from "./gate-set-up.js";

describe("places", () => {
  it.each([1, 2, 3, 4])("of width %i let that many singles in at once, and the next when one ends", async (width) => {
    const { start, finish, begun } = setUp(width);
    const all = Array.from({ length: width + 2 }, (_, index) => start(`s${index}`));
    await settle();
    expect(begun).toHaveLength(width);
    await finish("s0");
    expect(begun).toEqual(Array.from({ length: width + 1 }, (_, index) => `s${index}`));
    await finish(...Array.from({ length: width + 2 }, (_, index) => `s${index}`));
    expect(await Promise.all(all)).toHaveLength(width + 2);
  });

  it("are free again after work that failed, whose own error comes through", async () => {
    const { gate, start, begun } = setUp(1);
    const error = new Error("its own");
    await expect(gate.run(() => Promise.reject(error))).rejects.toBe(error);
    await expect(
      gate.run(() => {
        throw error;
      }),
    ).rejects.toBe(error);
    void start("after");
    await settle();
    expect(begun).toEqual(["after"]);
  });

  it("are all taken by a batch: it waits for the singles under way, and singles wait for it", async () => {
    const { start, finish, begun } = setUp();
    void start("s1");
    void start("s2");
    void start("batch", exclusive);
    void start("s3");
    await settle();
    expect(begun).toEqual(["s1", "s2"]);
    await finish("s1");
    expect(begun).toEqual(["s1", "s2"]);
    await finish("s2");
    expect(begun).toEqual(["s1", "s2", "batch"]);
    await finish("batch");
    expect(begun).toEqual(["s1", "s2", "batch", "s3"]);
  });

  it("are given to one batch at a time", async () => {
    const { start, finish, begun } = setUp();
    void start("b1", exclusive);
    void start("b2", exclusive);
    await settle();
    expect(begun).toEqual(["b1"]);
    await finish("b1");
    expect(begun).toEqual(["b1", "b2"]);
  });

  it("are open to singles after a batch that failed", async () => {
    const { gate, start, begun } = setUp();
    await expect(gate.run(() => Promise.reject(new Error("broken")), exclusive)).rejects.toThrow("broken");
    await expect(
      gate.run(() => {
        throw new Error("at once");
      }, exclusive),
    ).rejects.toThrow("at once");
    void start("after");
    void start("batch", exclusive);
    await settle();
    expect(begun).toEqual(["after"]);
  });

  it("do not starve singles when batches keep coming", async () => {
    const { start, finish, begun } = setUp();
    for (let index = 0; index < 5; index += 1) void start(`b${index}`, exclusive);
    await settle();
    for (let index = 0; index < 6; index += 1) void start(`s${index}`);
    await finish("b0");
    await finish("b1");
    await finish("s0");
    await finish("b2");
    expect(begun).toEqual(["b0", "b1", "s0", "b2", "s1"]);
  });

  it("do not starve a batch when singles keep coming", async () => {
    const { start, finish, begun } = setUp();
    for (let index = 0; index < 4; index += 1) void start(`s${index}`);
    void start("batch", exclusive);
    for (let index = 4; index < 20; index += 1) void start(`s${index}`);
    await finish("s0", "s1", "s2");
    expect(begun).not.toContain("batch");
    await finish("s3");
    expect(begun).toEqual(["s0", "s1", "s2", "s3", "batch"]);
  });
});

describe("an abort", () => {
  it("that came before rejects with its reason and starts nothing", async () => {
    const { gate, start } = setUp(1);
    for (const pass of [{}, exclusive, {}, exclusive]) {
      const run = gate.run(() => expect.unreachable(), { ...pass, signal: AbortSignal.abort("before") });
      await expect(run).rejects.toBe("before");
      // From here on the gate is full: it must not be waited for.
      void start("working");
      await settle();
    }
  });

  it.each([
    ["a single that waits for a place", ["s1"], {}],
    ["a single that waits for a batch to end", ["batch"], {}],
    ["a batch that waits for singles to end", ["s1"], exclusive],
    ["a batch that waits for another", ["batch"], exclusive],
  ])("takes %s out at once, with its reason, and the others go on", async (_, before, pass) => {
    const { start, finish, begun } = setUp(1);
    for (const name of before) void start(name, name === "batch" ? exclusive : {});
    await settle();
    const controller = new AbortController();
    const ended = start("ended", { ...pass, signal: controller.signal });
    void start("next");
    await settle();
    controller.abort("stop");
    await expect(ended).rejects.toBe("stop");
    expect(begun).toEqual(before);
    await finish(...before);
    expect(begun).toEqual([...before, "next"]);
  });

  it.each([[{}], [exclusive]])("ends a wait for the end of a pause at once, and leaves no timer (%j)", async (pass) => {
    const { clock, gate, start, begun } = setUp();
    gate.bar({ until: clock.now() + 10_000, code: "x" });
    const controller = new AbortController();
    const ended = start("ended", { ...pass, signal: controller.signal });
    await settle();
    expect(clock.pending()).toBe(1);
    controller.abort("stop");
    await expect(ended).rejects.toBe("stop");
    expect(clock.pending()).toBe(0);
    void start("next");
    await clock.advance(10_000);
    expect(begun).toEqual(["next"]);
  });

  it.each([[{}], [exclusive]])("of work that has begun is the work's own to hear: it keeps its place until it ends (%j)", async (pass) => {
    const { start, finish, begun, underWay } = setUp(1);
    const controller = new AbortController();
    const working = start("working", { ...pass, signal: controller.signal });
    await settle();
    controller.abort("stop");
    void start("next");
    await settle();
    expect([...underWay]).toEqual(["working"]);
    expect(begun).toEqual(["working"]);
    await finish("working");
    expect(await working).toBe("working");
    expect(begun).toEqual(["working", "next"]);
  });

  it("leaves nothing on a signal that outlives the calls", async () => {
    const { clock, gate, start, finish } = setUp(1);
    const { signal } = new AbortController();
    gate.bar({ until: clock.now() + 1_000, code: "x" });
    const all = [start("a", { signal }), start("b", { signal }), start("c", { signal, exclusive: true }), start("d", { signal })];
    await settle();
    expect(getEventListeners(signal, "abort").length).toBeGreaterThan(0);
    await clock.advance(1_000);
    for (let turn = 0; turn < 4; turn += 1) await finish("a", "b", "c", "d");
    await Promise.all(all);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});
