import vm from "node:vm";
import { describe, expect, it } from "vitest";
import { createEmitter, type EmitterEvents } from "../../../src/base/emitter.js";
import { settle } from "../../support/manual-clock.js";

interface Events extends EmitterEvents {
  "mail:came": { readonly id: number };
  "mail:left": { readonly id: number };
}

function emitter() {
  const events = createEmitter<Events>();
  const failures: Events["listener:failed"][] = [];
  events.on("listener:failed", (failure) => failures.push(failure));
  const seen: string[] = [];
  const note = (name: string) => (payload: { readonly id: number }) => void seen.push(`${name} ${payload.id}`);
  return { events, failures, seen, note };
}

describe("listeners", () => {
  it("hear each event of their name once, in the order they were added, with its payload", () => {
    const { events, seen, note } = emitter();
    events.on("mail:came", note("a"));
    events.on("mail:came", note("b"));
    events.on("mail:left", note("c"));
    events.emit("mail:came", { id: 1 });
    events.emit("mail:left", { id: 2 });
    expect(seen).toEqual(["a 1", "b 1", "c 2"]);
  });

  it("added with `once` hear the first event only", () => {
    const { events, seen, note } = emitter();
    events.once("mail:came", note("a"));
    events.emit("mail:came", { id: 1 });
    events.emit("mail:came", { id: 2 });
    expect(seen).toEqual(["a 1"]);
    expect(events.listenerCount("mail:came")).toBe(0);
  });

  it("added with `once` are gone before they run, so that an event from within reaches them not again", () => {
    const { events, seen } = emitter();
    events.once("mail:came", ({ id }) => {
      seen.push(`a ${id}`);
      if (id < 3) events.emit("mail:came", { id: id + 1 });
    });
    events.emit("mail:came", { id: 1 });
    expect(seen).toEqual(["a 1"]);
  });

  it("are counted by name", () => {
    const { events, note } = emitter();
    events.on("mail:came", note("a"));
    events.once("mail:came", note("b"));
    expect([events.listenerCount("mail:came"), events.listenerCount("mail:left")]).toEqual([2, 0]);
  });

  it("may be removed while an event is told, and the others still hear it", () => {
    const { events, seen, note } = emitter();
    const remove: () => void = events.on("mail:came", () => remove());
    events.on("mail:came", note("b"));
    events.emit("mail:came", { id: 1 });
    events.emit("mail:came", { id: 2 });
    expect(seen).toEqual(["b 1", "b 2"]);
    expect(events.listenerCount("mail:came")).toBe(1);
  });
});

describe("removing", () => {
  it("by `off` takes the listener from that name alone, also one added with `once`", () => {
    const { events, seen, note } = emitter();
    const listener = note("a");
    events.on("mail:came", listener);
    events.on("mail:left", listener);
    events.off("mail:came", listener);
    events.once("mail:came", listener);
    events.off("mail:came", listener);
    events.emit("mail:came", { id: 1 });
    events.emit("mail:left", { id: 2 });
    expect(seen).toEqual(["a 2"]);
  });

  it("by `off` takes every registration of the listener", () => {
    const { events, seen, note } = emitter();
    const listener = note("a");
    events.on("mail:came", listener);
    events.on("mail:came", listener);
    events.off("mail:came", listener);
    events.emit("mail:came", { id: 1 });
    expect(seen).toEqual([]);
  });

  it("of a listener that is not there does nothing", () => {
    const { events, seen, note } = emitter();
    events.on("mail:came", note("a"));
    events.off("mail:came", note("a"));
    events.emit("mail:came", { id: 1 });
    expect(seen).toEqual(["a 1"]);
  });

  it("by the remover of `on` takes that registration and no other of the same listener", () => {
    const { events, seen, note } = emitter();
    const listener = note("a");
    const remove = events.on("mail:came", listener);
    events.on("mail:came", listener);
    remove();
    events.emit("mail:came", { id: 1 });
    remove();
    events.emit("mail:came", { id: 2 });
    expect(seen).toEqual(["a 1", "a 2"]);
  });

  it("by the remover of `once` takes nothing any more when the event has come", () => {
    const { events, seen, note } = emitter();
    const listener = note("a");
    const remove = events.once("mail:came", listener);
    events.emit("mail:came", { id: 1 });
    events.on("mail:came", listener);
    remove();
    events.emit("mail:came", { id: 2 });
    expect(seen).toEqual(["a 1", "a 2"]);
  });

  it("by the remover of `once` comes before the event", () => {
    const { events, seen, note } = emitter();
    events.once("mail:came", note("a"))();
    events.emit("mail:came", { id: 1 });
    expect(seen).toEqual([]);
  });
});

describe("a listener that fails", () => {
  it("by throwing is reported with event and error, and breaks neither the emitting code nor the others", () => {
    const { events, failures, seen, note } = emitter();
    const error = new Error("the host's fault");
    events.on("mail:came", () => {
      throw error;
    });
    events.on("mail:came", note("b"));
    events.emit("mail:came", { id: 1 });
    expect(seen).toEqual(["b 1"]);
    expect(failures).toEqual([{ event: "mail:came", error }]);
  });

  it("by rejecting is reported too", async () => {
    const { events, failures } = emitter();
    const error = new Error("later");
    events.on("mail:came", async () => {
      await Promise.resolve();
      throw error;
    });
    events.emit("mail:came", { id: 1 });
    expect(failures).toEqual([]);
    await settle();
    expect(failures).toEqual([{ event: "mail:came", error }]);
  });

  it("by a promise of another kind is reported too", async () => {
    const { events, failures } = emitter();
    events.on("mail:came", () => vm.runInNewContext('Promise.reject("from another realm")') as unknown);
    // biome-ignore lint/suspicious/noThenProperty: a promise as another library makes them
    events.on("mail:came", () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject("from another library") }));
    events.emit("mail:came", { id: 1 });
    await settle();
    expect(failures.map(({ error }) => error).toSorted()).toEqual(["from another library", "from another realm"]);
  });

  it("with something that is no error is reported as it is", () => {
    const { events, failures } = emitter();
    events.on("mail:came", () => {
      throw undefined;
    });
    events.emit("mail:came", { id: 1 });
    expect(failures).toEqual([{ event: "mail:came", error: undefined }]);
  });

  it("and listens to failures is not reported again, and hinders no other reporter", async () => {
    const events = createEmitter<Events>();
    const reported: unknown[] = [];
    events.on("listener:failed", () => {
      throw new Error("reporter");
    });
    events.on("listener:failed", () => Promise.reject(new Error("reporter, later")));
    events.on("listener:failed", ({ error }) => reported.push(error));
    events.on("mail:came", () => {
      throw "once";
    });
    events.emit("mail:came", { id: 1 });
    await settle();
    expect(reported).toEqual(["once"]);
  });

  it("and nobody listens to failures is let be", async () => {
    const events = createEmitter<Events>();
    events.on("mail:came", () => Promise.reject(new Error("unheard")));
    events.emit("mail:came", { id: 1 });
    await settle();
  });
});
