/** Ctrl-C twice ends what hangs, and a command that ends by itself is left alone. */
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { runCli } from "../../../src/cli/cli.js";
import { orInterrupted } from "../../../src/cli/interrupted.js";
import { commandLine } from "./command-line.js";

const never = new Promise<never>(() => undefined);

it("what hangs ends with 130, a moment after the second Ctrl-C", async () => {
  const { folder, run } = await commandLine();
  await run("init", "--simulator", "http://127.0.0.1:8365", "--queue", "support@contoso.com");
  const [gentle, hard] = [new AbortController(), new AbortController()];
  // Standard input that never ends.
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const cli = { folder, env: {}, interrupts: { gentle: gentle.signal, hard: hard.signal }, stdin, stdout };
  const ended = runCli(["import-tokens", "-"], cli, { stdin, stdout, stderr }, "1.2.3");
  gentle.abort();
  hard.abort();
  expect(await ended).toBe(130);
  stdin.end();
});

it("a command that cleans up in time ends as it does by itself", async () => {
  const hard = new AbortController();
  const work = new Promise<0>(
    (resolve) => void hard.signal.addEventListener("abort", () => queueMicrotask(() => resolve(0)), { once: true }),
  );
  const ended = orInterrupted(work, hard.signal);
  hard.abort();
  expect(await ended).toBe(0);
});

it("without a Ctrl-C nothing is waited for, and an error is the work's own", async () => {
  const { signal } = new AbortController();
  expect(await orInterrupted(Promise.resolve(1), signal)).toBe(1);
  await expect(orInterrupted(Promise.reject(new Error("its own")), signal)).rejects.toThrow("its own");
  expect(await Promise.race([orInterrupted(never, signal), Promise.resolve("still at it")])).toBe("still at it");
});
