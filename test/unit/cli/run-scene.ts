/** A folder with a configuration, a key and a signed-in queue, for `run` against a simulator on loopback. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { onTestFinished } from "vitest";
import { createSimulator, type Simulator } from "../../../simulator/index.js";
import { runCli } from "../../../src/cli/cli.js";
import { composeOptions } from "../../../src/cli/compose.js";
import type { JsonConfig } from "../../../src/cli/config.js";
import { loadConfig } from "../../../src/cli/load-config.js";
import { createMailDaemon, generateKey, type MailDaemon, type MailDaemonOptions } from "../../../src/index.js";

export const address = "support@contoso.com";

export interface RunScene {
  readonly simulator: Simulator;
  readonly mailbox: ReturnType<Simulator["mailbox"]>;
  /** Writes the configuration anew, with these changes. */
  configure(changes: Partial<JsonConfig>): Promise<void>;
  /** A daemon on the same store, in this process; not started. */
  daemon(options?: Partial<MailDaemonOptions>): Promise<MailDaemon>;
  /** Ids of the mail that is read on the server. */
  read(ids: readonly string[]): string[];
}

export async function runScene(folder: string, changes: Partial<JsonConfig> = {}, { signIn = true } = {}): Promise<RunScene> {
  const simulator = createSimulator({ seed: 1 });
  simulator.addUser({ address });
  const door = await simulator.listen();
  onTestFinished(() => door.close());
  await writeFile(join(folder, "keys"), `key1:${generateKey()}\n`, { mode: 0o600 });
  const base: JsonConfig = {
    app: { clientId: simulator.clientId, tenantId: simulator.tenantId },
    queues: [{ address }],
    defaults: { pollIntervalMs: 100, minPollIntervalMs: 50 },
    keys: { file: "./keys" },
    simulator: door.url,
  };
  const configure = (more: Partial<JsonConfig>) =>
    writeFile(join(folder, "mail-daemon.config.json"), JSON.stringify({ ...base, ...changes, ...more }));
  await configure({});
  const daemon = async (options: Partial<MailDaemonOptions> = {}) =>
    createMailDaemon({ ...(await composeOptions(await loadConfig(folder, undefined))), handler: () => undefined, ...options });
  const mailbox = simulator.mailbox(address);
  if (signIn) {
    const one = await daemon();
    await one.signIn(address, { method: "refreshToken", refreshToken: simulator.user(address).issueRefreshToken() });
    await one.stop();
  }
  return { simulator, mailbox, configure, daemon, read: (ids) => ids.filter((id) => mailbox.message(id)?.isRead) };
}

export interface Running {
  readonly ended: Promise<number>;
  readonly stdout: PassThrough;
  out(): string;
  err(): string;
  /** The first and the second Ctrl-C. */
  interrupt(): void;
}

/** A command line whose output and interrupts the test has in hand while it runs. `terminal`: standard error is one. */
export function began(folder: string, words: readonly string[], options: { terminal?: boolean; env?: NodeJS.ProcessEnv } = {}): Running {
  const [gentle, hard] = [new AbortController(), new AbortController()];
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  if (options.terminal) Object.assign(stderr, { isTTY: true, columns: 120, rows: 20 });
  const texts = { out: "", err: "" };
  stdout.on("data", (piece) => (texts.out += String(piece)));
  stderr.on("data", (piece) => (texts.err += String(piece)));
  const cli = { folder, env: options.env ?? {}, interrupts: { gentle: gentle.signal, hard: hard.signal }, stdin, stdout };
  return {
    ended: runCli(words, cli, { stdin, stdout, stderr }, "1.2.3"),
    stdout,
    out: () => texts.out,
    err: () => texts.err,
    interrupt: () => (gentle.signal.aborted ? hard : gentle).abort(),
  };
}
