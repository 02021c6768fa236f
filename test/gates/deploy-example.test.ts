/**
 * examples/deploy: the unit is one that systemd takes and keeps its promises, the Dockerfile keeps its own, and the
 * configuration that both run is one that the daemon takes. Planted faults were seen to be found.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DockerfileParser, type From } from "dockerfile-ast";
import { describe, expect, onTestFinished, test } from "vitest";
import { composeOptions } from "../../src/cli/compose.js";
import { loadConfig } from "../../src/cli/load-config.js";
import { daemonSettings } from "../../src/daemon/options.js";

const folder = fileURLToPath(new URL("../../examples/deploy/", import.meta.url));
const unit = readFileSync(join(folder, "m365-mail-daemon.service"), "utf8");
const dockerfile = readFileSync(join(folder, "Dockerfile"), "utf8");
/** Of `daemon.stop()`. */
const drainSeconds = 30;

describe("the unit", () => {
  /** By name, the last value given; as systemd reads it. */
  const settingsOf = (text: string) => new Map([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]));

  const wanted: readonly (readonly [name: string, fits: (value: string) => boolean])[] = [
    ["DynamicUser", (value) => value === "yes"],
    ["LoadCredential", (value) => value.startsWith("vault-keys:/")],
    ["StateDirectory", (value) => value === "m365-mail-daemon"],
    ["StateDirectoryMode", (value) => value === "0700"],
    ["ProtectSystem", (value) => value === "strict"],
    ["NoNewPrivileges", (value) => value === "yes"],
    ["CapabilityBoundingSet", (value) => value === ""],
    ["Restart", (value) => value === "on-failure"],
    ["TimeoutStopSec", (value) => Number(value) >= drainSeconds + 10],
    ["LimitCORE", (value) => value === "0"],
  ];

  function wrongs(text: string): string[] {
    const settings = settingsOf(text);
    return wanted.filter(([name, fits]) => !fits(settings.get(name) ?? "missing")).map(([name]) => name);
  }

  test("runs as nobody in particular, keeps its key out of its environment, and has longer to stop than its drain takes", () => {
    expect(wrongs(unit)).toEqual([]);
    expect(wrongs(unit.replace("TimeoutStopSec=45", "TimeoutStopSec=30").replace("ProtectSystem=strict", "ProtectSystem=full"))).toEqual([
      "ProtectSystem",
      "TimeoutStopSec",
    ]);
    expect(wrongs(unit.replace(/^LoadCredential.*\n/m, ""))).toEqual(["LoadCredential"]);
  });

  const analyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
  if (!analyze) console.log("deploy: the unit was not shown to systemd, as this is missing: systemd-analyze");

  /** What `systemd-analyze verify` says of a unit of that text, with a program that is there. */
  function verified(text: string): { readonly status: number | null; readonly said: string } {
    const place = mkdtempSync(join(tmpdir(), "unit-"));
    onTestFinished(() => rmSync(place, { recursive: true }));
    const file = join(place, "m365-mail-daemon.service");
    writeFileSync(file, text.replace("/usr/bin/node", process.execPath));
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", file]);
    return { status, said: `${stdout}${stderr}` };
  }

  test.skipIf(!analyze)("is one that systemd takes without a word, and a setting that does not exist is found", () => {
    expect(verified(unit)).toEqual({ status: 0, said: "" });
    expect(verified(unit.replace("ProtectHome=yes", "ProtectHouse=yes")).said).toMatch(/ProtectHouse/);
    expect(verified(unit.replace("TimeoutStopSec=45", "TimeoutStopSec=soon")).said).toMatch(/Failed to parse time value/);
  });

  test.skipIf(!analyze)("is judged by systemd as little exposed", () => {
    const security = (text: string) => {
      const place = mkdtempSync(join(tmpdir(), "unit-"));
      onTestFinished(() => rmSync(place, { recursive: true }));
      const file = join(place, "m365-mail-daemon.service");
      writeFileSync(file, text);
      const said = spawnSync("systemd-analyze", ["security", "--offline=true", "--no-pager", file], { encoding: "utf8" }).stdout;
      return Number(/exposure level for .*: ([\d.]+)/.exec(said)?.[1]);
    };
    expect(security(unit)).toBeLessThan(2.5);
    expect(security(unit.replace(/^(Protect|Private|Restrict).*\n/gm, ""))).toBeGreaterThan(2.5);
  });
});

describe("the Dockerfile", () => {
  /** What is wrong with it. */
  function wrongs(text: string): string[] {
    const parsed = DockerfileParser.parse(text);
    const instructions = parsed.getInstructions();
    const all = (keyword: string) => instructions.filter((one) => one.getKeyword() === keyword);
    const stages = all("FROM") as From[];
    const last = stages.at(-1);
    const inLastStage = (keyword: string) => all(keyword).filter((one) => one.getRange().start.line > (last?.getRange().start.line ?? 0));
    const user = inLastStage("USER").at(-1)?.getArgumentsContent() ?? "";
    return [
      ...stages.filter((one) => !/^\d+\.\d+\.\d+\b/.test(one.getImageTag() ?? "")).map((one) => `not pinned: ${one.getImage()}`),
      ...(/^[1-9]\d*(:[1-9]\d*)?$/.test(user) ? [] : [`user: ${user}`]),
      ...(inLastStage("HEALTHCHECK").length === 1 ? [] : ["no health check"]),
      ...(inLastStage("VOLUME").length === 1 ? [] : ["no volume for the state"]),
      ...all("ADD").map((one) => `adds: ${one.getArgumentsContent()}`),
      ...all("RUN")
        .filter((one) => /curl|wget|sudo/.test(one.getArgumentsContent() ?? ""))
        .map(() => "fetches by hand"),
      ...all("ENV")
        .filter((one) => /KEYS?=|SECRET|TOKEN|PASSWORD/.test(one.getArgumentsContent() ?? ""))
        .map(() => "a secret in it"),
      // Without a shell in between, which would keep SIGTERM to itself.
      ...(/^\s*\[/.test(inLastStage("ENTRYPOINT")[0]?.getArgumentsContent() ?? "") ? [] : ["the entry point is a shell's"]),
      ...(instructions.at(-1)?.getKeyword() === "CMD" && all("COPY").length > 2 ? [] : ["not all instructions were read"]),
    ];
  }

  test("pins its base, runs as a user by number, has a health check and a volume, and adds nothing from elsewhere", () => {
    expect(wrongs(dockerfile)).toEqual([]);
  });

  test.each([
    ["a base that moves", "FROM node:22.23.3-bookworm-slim\n", "FROM node:22\n", "not pinned: node:22"],
    ["root", "USER 1000:1000", "USER 0", "user: 0"],
    ["no user", "USER 1000:1000\n", "", "user: "],
    ["no health check", "HEALTHCHECK", "LABEL", "no health check"],
    ["an ADD from a URL", "WORKDIR /app\nCOPY --from", "ADD https://example.com/x /x\nCOPY --from", "adds: https://example.com/x /x"],
    ["a shell", "ENTRYPOINT [", "ENTRYPOINT node ", "the entry point is a shell's"],
    ["a key", "ENV NODE_ENV=production", "ENV MAIL_DAEMON_KEYS=key1:x", "a secret in it"],
  ])("%s is found", (_what, text, planted, wrong) => {
    expect(wrongs(dockerfile.replace(text, planted))).toContain(wrong);
  });

  test("its health check ends with 0 where /healthz answers 200, and with 1 where nothing listens", () => {
    const script = /"-e", "(.*)"\]/.exec(dockerfile)?.[1] ?? "";
    const probe = (answer: string) =>
      spawnSync(process.execPath, ["-e", `globalThis.fetch = async () => { ${answer} };\n${script}`], { encoding: "utf8" }).status;
    expect(script).toContain("/healthz");
    expect(probe("return { ok: true }")).toBe(0);
    expect(probe("return { ok: false }")).toBe(1);
    expect(probe("throw new Error()")).toBe(1);
  });

  test("the command in README.md gives it a root that cannot be written, no privileges, and time to drain", () => {
    const readme = readFileSync(join(folder, "README.md"), "utf8");
    for (const flag of ["--read-only", "--cap-drop ALL", "--security-opt no-new-privileges", "/var/lib/m365-mail-daemon"]) {
      expect(readme).toContain(flag);
    }
    expect(Number(/--stop-timeout (\d+)/.exec(readme)?.[1])).toBeGreaterThanOrEqual(drainSeconds + 10);
  });
});

test("the configuration of both is one that the daemon takes, with its state and its key where unit and image have them", async () => {
  const env = {
    MAIL_DAEMON_CLIENT_ID: "c81d4e2e-bcf2-4e6a-869b-7df92533d2db",
    MAIL_DAEMON_TENANT_ID: "contoso.com",
    MAIL_DAEMON_QUEUES: "support@contoso.com sales@contoso.com",
    STATE_DIRECTORY: "/var/lib/private/m365-mail-daemon",
    CREDENTIALS_DIRECTORY: "/run/credentials/m365-mail-daemon.service",
  };
  const before = { ...process.env };
  onTestFinished(() => {
    for (const name of Object.keys(env)) delete process.env[name];
    Object.assign(process.env, before);
  });
  Object.assign(process.env, env);
  const loaded = await loadConfig(folder, undefined);
  const { queues } = daemonSettings(await composeOptions(loaded));
  expect(queues.map(({ address }) => address)).toEqual(["support@contoso.com", "sales@contoso.com"]);
  expect(loaded.config).toMatchObject({
    store: "/var/lib/private/m365-mail-daemon/store",
    keys: { file: "/run/credentials/m365-mail-daemon.service/vault-keys" },
    http: { port: 9464 },
  });
  expect(dockerfile).toContain(`127.0.0.1:${loaded.config.http?.port}/healthz`);
});
