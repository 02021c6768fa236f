import { expect, it } from "vitest";
import { createUndo } from "../../../src/base/undo.js";

it("runs the newest step first, each after the one before has ended", async () => {
  const undo = createUndo();
  const ran: string[] = [];
  undo.push(() => ran.push("first"));
  undo.push(async () => {
    await Promise.resolve();
    ran.push("second");
  });
  undo.push(() => ran.push("third"));
  await undo.run();
  expect(ran).toEqual(["third", "second", "first"]);
});

it("runs every step also when some throw, and throws the first error afterwards", async () => {
  const undo = createUndo();
  const ran: string[] = [];
  undo.push(() => ran.push("oldest"));
  undo.push(() => Promise.reject(new Error("second to fail")));
  undo.push(() => {
    throw new Error("first to fail");
  });
  await expect(undo.run()).rejects.toThrow("first to fail");
  expect(ran).toEqual(["oldest"]);
});

it("throws also what is no error, as undefined", async () => {
  const undo = createUndo();
  undo.push(() => Promise.reject(undefined));
  await expect(undo.run()).rejects.toBeUndefined();
});

it("is empty after it has run, also when a step threw", async () => {
  const undo = createUndo();
  let runs = 0;
  undo.push(() => {
    runs += 1;
    throw new Error("once");
  });
  await expect(undo.run()).rejects.toThrow("once");
  await undo.run();
  expect(runs).toBe(1);
});

it("runs a step that was pushed while it runs", async () => {
  const undo = createUndo();
  const ran: string[] = [];
  undo.push(() => void undo.push(() => ran.push("late")));
  await undo.run();
  expect(ran).toEqual(["late"]);
});
