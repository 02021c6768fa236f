/** Ctrl-C gives up what a command waits for, twice ends what hangs, and a command that ends by itself is left alone. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, it, test } from "vitest";
import { runCli } from "../../../src/cli/cli.js";
import { orInterrupted } from "../../../src/cli/interrupted.js";
import { next } from "../../support/host.js";
import { commandLine } from "./command-line.js";
import { simulatedLine, support } from "./simulated-line.js";

const never = new Promise<never>(() => undefined);

/** A command in a folder with a configuration, and standard input that never ends by itself. */
async function begun(...words: string[]) {
  const { folder, run } = await commandLine();
  await run("init", "--simulator", "http://127.0.0.1:8365", "--queue", "support@contoso.com");
  const [gentle, hard] = [new AbortController(), new AbortController()];
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), Object.assign(new PassThrough(), { isTTY: true })];
  const cli = { folder, env: {}, interrupts: { gentle: gentle.signal, hard: hard.signal }, stdin, stdout };
  let err = "";
  stderr.on("data", (piece) => (err += String(piece)));
  const start = () => runCli(words, cli, { stdin, stdout, stderr }, "1.2.3");
  return { folder, stdin, gentle, start, err: () => err };
}

test.each([
  ["import-tokens", ["import-tokens", "-"]],
  ["sign-in with a piped password", ["sign-in", "--password-stdin", "support@contoso.com"]],
])("%s waits for standard input until the first Ctrl-C, and ends with 130", async (_, words) => {
  const { stdin, gentle, start } = await begun("--json", ...words);
  const ended = start();
  stdin.write('{"address":');
  await expect.poll(() => stdin.readableLength).toBe(0);
  gentle.abort();
  expect(await ended).toBe(130);
  expect(stdin.destroyed).toBe(true);
});

test.each([
  ["is typed", (stdin: PassThrough) => stdin.write("half\u0003")],
  ["comes as a signal", (_: PassThrough, gentle: AbortController) => gentle.abort()],
])("a question of init is given up when Ctrl-C %s: nothing is written, and it ends with 130", async (_, interrupt) => {
  const { folder, stdin, gentle, start, err } = await begun("init");
  await rm(join(folder, "mail-daemon.config.ts"));
  Object.assign(stdin, { isTTY: true, setRawMode: () => undefined });
  const ended = start();
  await expect.poll(err).toContain("Application (client) id:");
  interrupt(stdin, gentle);
  expect(await ended).toBe(130);
  expect(await readdir(folder)).toEqual(["mail-daemon.keys"]);
});

it("a sweep that is waited for is left to the daemon: the command ends with 130, and says so", async () => {
  const line = await simulatedLine([{ address: support }]);
  await line.signIn(support);
  const { daemon, start } = await line.made(() => undefined, { control: true });
  const polled = next(daemon, "queue:polled");
  await start();
  await polled;
  const slow = line.sim.faults.add({ name: "slow", route: "messages", delayMs: 600_000 });
  const swept = line.run("--json", "sweep");
  await expect.poll(() => line.sim.log.count({ route: "messages" })).toBe(1);
  line.interrupt();
  const { exitCode, out, err } = await swept;
  expect([exitCode, out, JSON.parse(err)]).toMatchObject([130, "", { error: { code: "LIFECYCLE_STOPPED" } }]);
  expect(daemon.status().state).toBe("running");
  slow();
});

it("what hangs ends with 130, a moment after the second Ctrl-C", async () => {
  const hard = new AbortController();
  const ended = orInterrupted(never, hard.signal);
  hard.abort();
  expect(await ended).toBe(130);
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
