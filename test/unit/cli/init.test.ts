/** `init`: what it writes is taken by the other commands, nothing is overwritten, and nothing is written for what cannot be used. */
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished, test, vi } from "vitest";
import { composeOptions } from "../../../src/cli/compose.js";
import { loadConfig } from "../../../src/cli/load-config.js";
import { daemonSettings } from "../../../src/daemon/options.js";
import { commandLine } from "./command-line.js";

const ids = ["--client-id", "c81d4e2e-bcf2-4e6a-869b-7df92533d2db", "--tenant-id", "contoso.com"];
const queues = ["--queue", "support@contoso.com", "sales@contoso.com"];

test.each(["ts", "json"])("the %s file that it writes is a configuration, with a key that only its owner reads", async (format) => {
  const { folder, run } = await commandLine();
  const { exitCode, out } = await run("init", "--format", format, ...ids, ...queues);
  expect(exitCode).toBe(0);
  expect(out).toContain(`mail-daemon.config.${format}`);
  const settings = daemonSettings(await composeOptions(await loadConfig(folder, undefined)));
  expect(settings).toMatchObject({
    tenantId: "contoso.com",
    queues: [{ address: "support@contoso.com", startFrom: "unread" }, { address: "sales@contoso.com" }],
  });
  expect(await settings.keys.load()).toHaveLength(1);
  expect((await stat(join(folder, "mail-daemon.keys"))).mode & 0o777).toBe(0o600);
});

it("says as JSON what it made", async () => {
  const { folder, run } = await commandLine();
  const { out } = await run("--json", "init", ...ids, ...queues);
  expect(JSON.parse(out)).toEqual({
    config: join(folder, "mail-daemon.config.ts"),
    keys: { file: join(folder, "mail-daemon.keys"), made: true },
    queues: ["support@contoso.com", "sales@contoso.com"],
  });
});

it("takes the ids of the simulator where it is told one", async () => {
  const { folder, run } = await commandLine();
  expect((await run("init", "--simulator", "http://127.0.0.1:8365", ...queues)).exitCode).toBe(0);
  expect((await loadConfig(folder, undefined)).config.simulator).toBe("http://127.0.0.1:8365");
});

it("keeps a key that is there, and overwrites no configuration", async () => {
  const { folder, run } = await commandLine();
  await writeFile(join(folder, "mail-daemon.keys"), "mine");
  const first = await run("init", ...ids, ...queues);
  expect([first.exitCode, first.out]).toEqual([0, expect.stringContaining("Kept:")]);
  expect(await readFile(join(folder, "mail-daemon.keys"), "utf8")).toBe("mine");
  const second = await run("init", "--format", "json", ...ids, ...queues);
  expect([second.exitCode, second.err]).toEqual([2, expect.stringContaining("is there already")]);
});

test.each([
  ["nobody can be asked", [], "--client-id"],
  ["an id is none", ["--client-id", "x", "--tenant-id", "contoso.com", ...queues], "app.clientId"],
  ["an address is none", [...ids, "--queue", "support"], "queues[0]"],
  ["a simulator is elsewhere", ["--simulator", "http://10.0.0.1:80", ...queues], "127.0.0.1"],
  ["a format is unknown", ["--format", "yaml", ...ids, ...queues], "--format"],
])("writes nothing where %s", async (_, words, named) => {
  const { folder, run } = await commandLine();
  const { exitCode, err } = await run("init", ...words);
  expect([exitCode, err]).toEqual([2, expect.stringContaining(named)]);
  expect(await readdir(folder)).toEqual([]);
});

it("leaves nothing of a TypeScript file in the temp folder, where others could read or change what runs", async () => {
  const { folder, run } = await commandLine();
  await run("init", ...ids, ...queues);
  const temp = join(folder, "temp");
  await mkdir(temp);
  vi.stubEnv("TMPDIR", temp);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect((await loadConfig(folder, undefined)).config.queues).toHaveLength(2);
  expect(await readdir(temp)).toEqual([]);
});
