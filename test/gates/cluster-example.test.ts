/** The cluster demo as a user runs it, on a real Redis: its table, its exit code, and what it leaves behind. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { startExample } from "../support/example-process.js";
import { redisMissing, startRedis } from "../support/redis.js";
import { childSecrets } from "../support/secrets/child-secrets.js";

const program = "dist/examples/cluster/main.js";

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const pidsIn = (output: string) => [...output.matchAll(/\bprocess (\d+)/g)].map(([, pid]) => Number(pid));

/** Starts the demo with flags; it is killed after the test, and so are its processes. */
function startDemo(flags: string, env: Readonly<Record<string, string>> = {}) {
  const secrets = childSecrets();
  const demo = startExample(program, { folder: tmpdir(), env: { REDIS_URL: "", ...secrets.environment, ...env }, flags: flags.split(" ") });
  onTestFinished(async () => {
    const { child, ended, output } = demo;
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
    const count = secrets.collect();
    if (output().includes("sign-in")) expect(count, "secrets told by the demo").toBeGreaterThan(0);
  });
  return demo;
}

describe.skipIf(redisMissing !== undefined)("the cluster demo", () => {
  test("one worker is frozen and one is killed, and every mail is accounted for within 80 columns", { timeout: 240_000 }, async () => {
    const demo = startDemo("--seconds 20 --seed 1");
    await demo.printed(/SIGSTOP \d+: worker-\d is frozen, [1-9]\d* deliver/);
    // A neighbour to the absence below: while it runs, what it names is there.
    expect(pidsIn(demo.output()).filter(isAlive)).toHaveLength(5);
    const [, frozen] = await demo.printed(/SIGCONT \d+: (worker-\d) wakes up/);
    const [, killed] = await demo.printed(/kill -9 \d+: (worker-\d) is dead/);
    expect(killed).not.toBe(frozen);

    expect(await demo.ended, demo.output()).toEqual([0, null]);
    const lines = demo.output().split("\n");
    expect(lines.filter((line) => [...line].length > 80)).toEqual([]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is checked
    expect(demo.output()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    expect(demo.output()).toMatch(/^queue +arrived +delivered +duplicates +marked +requests +p50 +p95$/m);
    for (const queue of ["support@", "sales@", "orders@", "billing@", "returns@", "repairs@", "press@", "jobs@", "vip@"]) {
      expect(demo.output()).toMatch(new RegExp(`^${queue} +(\\d+) +\\1 +\\d+ +\\1 +\\d+ +(-|[\\d.]+ s) +(-|[\\d.]+ s)$`, "m"));
    }
    expect(demo.output()).toMatch(/^total +[1-9]\d* /m);
    expect(demo.output()).toMatch(/^worker +rounds +deliveries +what happened to it$/m);
    expect(demo.output()).toMatch(
      new RegExp(`^${frozen} +[1-9]\\d* +[1-9]\\d* +frozen for [\\d.]+ s, woke up, lost [1-9]\\d* turns?$`, "m"),
    );
    expect(demo.output()).toMatch(new RegExp(`^${killed} +\\d+ +\\d+ +killed`, "m"));
    expect(demo.output()).toMatch(/^Lost: 0 of [1-9]\d*\./m);
    expect(demo.output()).toMatch(/^Duplicates: [1-9]\d*, (each )?in flight when its worker was killed or frozen\.$/m);
    expect(demo.output()).toMatch(/^Requests to Entra: \d+, by the workers: 0\.$/m);
    expect(demo.output()).toMatch(/Nothing was lost, and every duplicate is explained\.\n$/);
    expect(pidsIn(demo.output()).filter(isAlive)).toEqual([]);
  });

  test("on a given Redis it takes its keys away again, also when it is interrupted", { timeout: 120_000 }, async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const client = redis.client();
    const demo = startDemo("--seed 2", { REDIS_URL: redis.url });
    const [, prefix] = await demo.printed(/of REDIS_URL, keys under (\S+)/);
    await demo.printed(/a wave: /);
    expect((await client.keys(`*${prefix}*`)).length).toBeGreaterThan(0);
    demo.child.kill("SIGINT");
    expect(await demo.ended, demo.output()).toEqual([130, null]);
    expect(demo.output()).toContain("Stopped before the end, so there is no verdict.");
    expect(pidsIn(demo.output()).filter(isAlive)).toEqual([]);
    expect(await client.keys("*")).toEqual([]);
  });
});

test("without a Redis it says how to install one", () => {
  const file = fileURLToPath(new URL(`../../${program}`, import.meta.url));
  expect(existsSync(file)).toBe(true);
  const { status, stderr } = spawnSync(process.execPath, [file], { env: { PATH: "/nowhere" }, encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toContain("apt-get install redis-server");
  expect(stderr).toContain("REDIS_URL=redis://127.0.0.1:6379 npm run demo:cluster");
});

test.each([
  { given: ["--keep"], says: "Unknown option '--keep'" },
  { given: ["--seconds", "19"], says: "Expected --seconds to be a whole number from 20 to 3600, got '19'" },
])("the flags $given are refused with exit code 2", ({ given, says }) => {
  const file = fileURLToPath(new URL(`../../${program}`, import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [file, ...given], { encoding: "utf8" });
  expect(status).toBe(2);
  expect(stderr).toContain(says);
  expect(stderr).toContain("Try: npm run demo:cluster -- --help");
});
