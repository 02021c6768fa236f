/** Whether another process still lives: proof, or no proof. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { expect, it } from "vitest";
import { isProvablyDead, thisProcess } from "../../../src/state/process-identity.js";

it("this process knows its host and id, and on Linux its boot, namespace and start", async () => {
  const self = await thisProcess();

  expect(self).toMatchObject({ host: hostname(), processId: process.pid });
  if (process.platform === "linux") {
    expect(self.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(self.pidNamespace).toMatch(/^pid:\[\d+\]$/);
    expect(self.startedAtTicks).toMatch(/^\d+$/);
  }
  expect(await thisProcess()).toEqual(self);
});

it("a process that runs is not dead; one that has ended is", async () => {
  const self = await thisProcess();
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "inherit"] });
  const other = { ...self, processId: child.pid as number, startedAtTicks: null };
  expect(await isProvablyDead(other, self)).toBe(false);

  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await isProvablyDead(other, self)).toBe(true);
});

it("the same id started at another time, or an earlier boot of the same host, is dead", async () => {
  const self = await thisProcess();

  expect(await isProvablyDead(self, self)).toBe(false);
  expect(await isProvablyDead({ ...self, startedAtTicks: "1" }, self)).toBe(process.platform === "linux");
  expect(await isProvablyDead({ ...self, bootId: "before" }, { ...self, bootId: "after" })).toBe(true);
});

it("what cannot be looked into is not proof", async () => {
  const self = await thisProcess();
  const gone = { ...self, processId: 2 ** 22 + 1 };
  expect(await isProvablyDead(gone, self)).toBe(true);

  expect(await isProvablyDead({ ...gone, host: "another-host" }, self)).toBe(false);
  expect(await isProvablyDead({ ...gone, pidNamespace: "pid:[1]" }, self)).toBe(false);
  expect(await isProvablyDead({ ...gone, bootId: null }, { ...self, bootId: "after" })).toBe(false);
});

it("where the system tells no boot and no start, the process id alone decides", async () => {
  const bare = { bootId: null, pidNamespace: null, startedAtTicks: null };
  const self = { ...(await thisProcess()), ...bare };

  expect(await isProvablyDead(self, self)).toBe(false);
  expect(await isProvablyDead({ ...self, processId: 2 ** 22 + 1 }, self)).toBe(true);
});
