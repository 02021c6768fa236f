/** `doctor` on the command line: lines, JSON, exit codes, beside a running daemon; and a support bundle in which nothing personal is found. */
import { existsSync } from "node:fs";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Simulator } from "../../../simulator/index.js";
import { composeOptions, storeFolder } from "../../../src/cli/compose.js";
import { openControl } from "../../../src/cli/control-server.js";
import { loadConfig } from "../../../src/cli/load-config.js";
import { supportBundle } from "../../../src/cli/support-bundle.js";
import { doctorChecks } from "../../../src/daemon/doctor/finding.js";
import { nothingUnderWay } from "../../../src/daemon/status.js";
import { createMailDaemon, type Finding, generateKey, memoryStore } from "../../../src/index.js";
import { next, simulatorWith } from "../../support/host.js";
import { showPrint } from "../../support/secrets/showings.js";
import { type CommandLine, commandLine } from "./command-line.js";
import { found } from "./leak-search.js";

const [one, two, agent] = ["zephyr.desk@contoso.com", "myrtle.desk@contoso.com", "quartz.agent@contoso.com"] as const;

interface Installed extends CommandLine {
  readonly sim: Simulator;
  readonly key: string;
}

/** A folder with a configuration and a key, in front of a simulator; all accounts are signed in. */
async function installed(queues: readonly object[] = [{ address: one }], more: object = {}): Promise<Installed> {
  const sim = simulatorWith([one, two, agent]);
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const line = await commandLine();
  const key = generateKey();
  await writeFile(join(line.folder, "mail.keys"), `key1:${key}\n`, { mode: 0o600 });
  const app = { clientId: sim.clientId, tenantId: sim.tenantId };
  const config = { app, queues, keys: { file: "mail.keys" }, store: "./state", simulator: door.url, ...more };
  await writeFile(join(line.folder, "mail-daemon.config.json"), JSON.stringify(config));
  const daemon = createMailDaemon(await composeOptions(await loadConfig(line.folder, undefined)));
  for (const { address, account = address } of queues as { address: string; account?: string }[])
    await daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user(account).issueRefreshToken() });
  await daemon.stop();
  return { ...line, sim, key };
}

test("a set-up in order is a line for each link, and 0", async () => {
  const { run } = await installed();
  const { exitCode, out, err } = await run("doctor");
  expect(exitCode).toBe(0);
  expect(out.split("\n").filter((line) => line.startsWith("ok "))).toHaveLength(doctorChecks.length);
  expect(out).toContain(`\n${one}\n`);
  expect(out).not.toContain("What to do");
  expect(err).toBe("All is well.\n");
});

test("what fails has its remedy and its step, what follows is not looked at, and it ends with 1", async () => {
  const { run, sim } = await installed();
  sim.user(one).set({ mailbox: false });
  const { exitCode, out, err } = await run("doctor");
  expect(exitCode).toBe(1);
  expect(out).toMatch(
    /^FAIL +mailbox +Graph answered 404 MailboxNotEnabledForRESTAPI .*\n +What to do: .*Licenses and apps.*#mailbox-licence\)$/m,
  );
  expect(out).toMatch(/^- +3 checks +Not looked at, as mailbox failed: folders, delta, marks\.$/m);
  expect(err).toBe("1 failed, 0 warnings, 3 not looked at.\n");
});

test("a step that the remedy does not name stands behind it", async () => {
  const { run, folder } = await installed();
  await writeFile(join(folder, "mail.keys"), "");
  const { exitCode, out } = await run("doctor");
  expect(exitCode).toBe(1);
  expect(out).toMatch(/^FAIL +vault-key .*holds no vault key\.\n +What to do: Make a key .* \(docs\/setup-entra\.md#this-machine\)$/m);
});

test("a warning alone ends with 0, and has its remedy", async () => {
  const { run, sim } = await installed();
  sim.faults.add({ name: "busy", route: "token", status: 503 });
  const { exitCode, out, err } = await run("doctor");
  expect(exitCode).toBe(0);
  expect(out).toMatch(/^WARN +token +login\.microsoftonline\.com answered 503: .*\n +What to do: /m);
  expect(err).toBe("0 failed, 1 warning, 1 not looked at.\n");
});

test("--json is the findings, a line each", async () => {
  const { run, sim } = await installed();
  sim.setApp({ publicClientFlows: false });
  const { exitCode, out } = await run("--json", "doctor");
  const findings = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Finding);
  expect(exitCode).toBe(1);
  expect(findings.map(({ check }) => check)).toEqual([...doctorChecks]);
  expect(findings.filter(({ outcome }) => outcome !== "ok")).toEqual([
    expect.objectContaining({ check: "application", outcome: "failed", step: "public-client-flows", serviceCode: "AADSTS7000218" }),
  ]);
});

test("only the queues that are named are looked at; one that is none is an error", async () => {
  const { run } = await installed([{ address: one }, { address: two }]);
  const { out } = await run("--json", "doctor", two.toUpperCase());
  expect(out).toContain(two);
  expect(out).not.toContain(one);
  const { exitCode, err } = await run("doctor", "nobody@contoso.com");
  expect([exitCode, err]).toEqual([1, expect.stringContaining("LIFECYCLE_UNKNOWN_QUEUE")]);
});

test("beside a running daemon it finds the same, and the daemon delivers on", async () => {
  const { run, folder, sim } = await installed();
  const daemon = createMailDaemon({ ...(await composeOptions(await loadConfig(folder, undefined))), handler: () => undefined });
  onTestFinished(() => daemon.stop());
  const polled = next(daemon, "queue:polled");
  await daemon.start();
  await polled;
  const { exitCode, out } = await run("doctor");
  expect(exitCode).toBe(0);
  expect(out).toMatch(/^ok +owner +The store \S+ belongs to the daemon in process \d+ .*\. This looks on beside it\.$/m);
  const marked = next(daemon, "message:marked");
  sim.user(one).mailbox.deliver();
  await daemon.pollNow(one);
  await marked;
});

test("Ctrl-C ends it", async () => {
  const { run, interrupt, sim } = await installed();
  sim.faults.add({ name: "slow", route: "discovery", delayMs: 60_000 });
  const running = run("doctor");
  await expect.poll(() => sim.log.count({ route: "discovery" })).toBe(1);
  interrupt();
  expect((await running).exitCode).toBe(130);
});

test("a store that was used with a simulator, and a configuration for Microsoft, is a failure of the store that says what to do", async () => {
  const { folder, sim } = await installed();
  const loaded = await loadConfig(folder, undefined);
  const { simulator: _, ...config } = loaded.config;
  const daemon = createMailDaemon({ ...(await composeOptions({ ...loaded, config })), fetch: sim.fetch });
  onTestFinished(() => daemon.stop());
  const failed = (await daemon.doctor()).filter(({ outcome }) => outcome === "failed");
  expect(failed).toEqual([
    expect.objectContaining({
      check: "store",
      code: "CONFIG_INVALID",
      step: "this-machine",
      found: expect.stringContaining("name another folder"),
    }),
  ]);
  expect(failed[0]).not.toHaveProperty("remedy");
});

const stoppedQueue = { address: one, state: "stopped", ...nothingUnderWay } as const;

/** Everything personal or secret that is planted below. */
const planted = [
  "zephyr",
  "myrtle",
  "quartz",
  "contoso",
  "stranger",
  "example.org",
  "hook-secret",
  "Beschwerden",
  "Top secret",
  "Kategorie",
];

test("a support bundle says what was found, and holds no address, no content, no token, no name, in any encoding", async () => {
  const queues = [
    {
      address: one,
      folders: ["inbox", "Beschwerden von stranger@example.org"],
      afterAck: { markRead: true, addCategories: ["Kategorie zephyr"] },
    },
    { address: two, account: agent },
  ];
  const { run, folder, sim, key } = await installed(queues, {
    deliverTo: { webhook: { url: "https://hooks.example.org/hook-secret?to=zephyr.desk%40contoso.com", secretEnv: "CONTOSO_SECRET" } },
    defaults: { pollIntervalMs: 45_000, startFrom: "2026-01-01" },
  });
  sim.user(one).mailbox.addFolder("Rechnungen an stranger@example.org");
  sim.user(one).mailbox.deliver({ subject: "Top secret", from: { name: "Stranger", address: "stranger@example.org" } });
  const { exitCode, err } = await run("doctor", "--bundle", "bundle.json");
  expect(exitCode).toBe(1);
  expect(err).toContain(`Support bundle: ${join(folder, "bundle.json")}`);
  const text = await readFile(join(folder, "bundle.json"), "utf8");
  expect((await stat(join(folder, "bundle.json"))).mode & 0o777).toBe(0o600);

  // All that the simulator has issued is looked for as in a print, too.
  showPrint("the support bundle", text);
  const identifying = [sim.tenantId, sim.clientId, sim.user(one).objectId, key, basename(folder)];
  expect(found(text, [...planted, ...identifying])).toEqual([]);

  expect(JSON.parse(text)).toMatchObject({
    versions: { "m365-mail-daemon": "1.2.3", node: process.versions.node },
    platform: { os: process.platform },
    config: {
      app: { clientId: "client-1", tenantId: "tenant-1" },
      queues: [
        { address: "queue-1", folders: ["inbox", "folder-1"], afterAck: { markRead: true, addCategories: ["category-1"] } },
        { address: "queue-2", account: "account-1" },
      ],
      defaults: { pollIntervalMs: 45_000, startFrom: "2026-01-01T00:00:00.000Z" },
    },
    codes: expect.arrayContaining(["SYNC_FOLDER_NOT_FOUND", "GRAPH_FORBIDDEN", "ErrorAccessDenied"]),
    status: { running: false, state: "stopped", queues: [{ address: "queue-1", state: "stopped" }, { address: "queue-2" }] },
  });
  const { findings } = JSON.parse(text) as { findings: Finding[] };
  expect(findings.find(({ check, queue }) => check === "mailbox" && queue === "queue-2")).toMatchObject({
    outcome: "failed",
    step: "shared-mailboxes",
  });
});

test("whatever a finding says, nothing of it gets into the bundle", async () => {
  const { folder, sim } = await installed([{ address: one }, { address: two, account: agent }], {
    app: { clientId: simulatorWith([]).clientId, tenantId: "contoso.com" },
  });
  const loaded = await loadConfig(folder, undefined);
  const token = sim.user(one).issueRefreshToken();
  const texts = [
    `the token ${token} of ${one}`,
    `Bearer ${Buffer.from(`{"upn":"${agent}"}`).toString("base64url")}.x.y`,
    `/v1.0/users/${encodeURIComponent(two)}/mailFolders, ${encodeURIComponent(encodeURIComponent(agent))}`,
    `${Buffer.from(`x ${two} y`).toString("base64")} ${Buffer.from("stranger@example.org").toString("base64url")}`,
    `not-${one.toUpperCase()} in ${folder}/state, "Beschwerden", tenant contoso.com`,
  ];
  const findings = texts.map(
    (text): Finding => ({
      queue: one,
      check: "token",
      outcome: "failed",
      found: text,
      remedy: text.replace('"Beschwerden"', ""),
      step: "sign-in",
    }),
  );
  const status = { running: true, state: "running", queues: texts.map((why) => ({ ...stoppedQueue, why })) } as const;
  const text = JSON.stringify(supportBundle({ version: "1", madeAt: 0, loaded, findings, status }));
  showPrint("the support bundle", text);
  expect(found(text, [...planted, token, basename(folder)])).toEqual([]);
  expect(text).toContain('"queue":"queue-1","check":"token","outcome":"failed"');
  expect(found(JSON.stringify(findings), planted).length).toBeGreaterThan(5);
});

test("a store that is not there is not made, and says when it will be; one that cannot be made fails", async () => {
  const { run, folder } = await installed();
  await rm(join(folder, "state"), { recursive: true });
  const { exitCode, out } = await run("doctor", "--bundle", "bundle.json");
  expect(exitCode).toBe(1);
  expect(out).toMatch(/^- +store +There is no store in \S+ yet: the first sign-in makes it\.$/m);
  expect(out).toMatch(/^FAIL +vault-record .* has not been signed in/m);
  expect(existsSync(join(folder, "state"))).toBe(false);
  expect(JSON.parse(await readFile(join(folder, "bundle.json"), "utf8"))).toMatchObject({ status: { unknown: "LIFECYCLE_NOT_STARTED" } });
  await writeFile(join(folder, "state"), "a file where the folder should be");
  expect((await run("doctor")).out).toMatch(/^FAIL +store .*cannot be kept/m);
});

test("a bundle says what the running daemon's queues do", async () => {
  const { run, folder } = await installed();
  const loaded = await loadConfig(folder, undefined);
  const daemon = createMailDaemon({ ...(await composeOptions(loaded)), handler: () => undefined });
  onTestFinished(() => daemon.stop());
  const polled = next(daemon, "queue:polled");
  await daemon.start();
  await polled;
  const control = await openControl({ daemon, folder: storeFolder(loaded) as string });
  onTestFinished(() => control.close());
  expect((await run("doctor", "--bundle", "bundle.json")).exitCode).toBe(0);
  expect(JSON.parse(await readFile(join(folder, "bundle.json"), "utf8"))).toMatchObject({
    status: { running: true, state: "running", queues: [{ address: "queue-1", lastRoundAt: expect.any(String) }] },
  });
});

test("of what a configuration holds besides data, a bundle says that it is there", async () => {
  const { folder } = await installed();
  const loaded = await loadConfig(folder, undefined);
  const config = { ...loaded.config, store: memoryStore(), keys: async () => [], fetch, defaults: { startFrom: new Date(0) } };
  const bundle = supportBundle({ version: "1", madeAt: 0, loaded: { ...loaded, config }, findings: [], status: { unknown: "none" } });
  expect(bundle).toMatchObject({
    config: {
      store: "(an object of the host)",
      keys: "(function)",
      fetch: "(function)",
      defaults: { startFrom: "1970-01-01T00:00:00.000Z" },
    },
  });
});

test("a bundle that cannot be written is an error of the command line", async () => {
  const { run } = await installed();
  const { exitCode, err } = await run("doctor", "--bundle", "no-such-folder/bundle.json");
  expect([exitCode, err]).toEqual([2, expect.stringContaining("cannot be written: ENOENT")]);
});
