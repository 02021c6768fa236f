/** The demo as a user runs it: the built program, its output, its exit code, and what it leaves behind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { type Prints, watchPrints } from "../support/example-process.js";
import { childSecrets } from "../support/secrets/child-secrets.js";

const program = fileURLToPath(new URL("../../dist/examples/demo/main.js", import.meta.url));

interface Demo extends Prints {
  /** As a terminal does on Ctrl-C: to the whole group. */
  interrupt(): void;
  /** The exit code, when all was printed. */
  readonly exitCode: Promise<number | null>;
}

/** Starts the demo in a process group of its own; one that still runs after the test is asked to clear up and end. */
function startDemo(...parameters: string[]): Demo {
  if (!existsSync(program)) throw new Error("These tests run the built package: run `npm run build` first.");
  const secrets = childSecrets();
  const child = spawn(process.execPath, [program, ...parameters], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...secrets.environment },
  });
  const closed = once(child, "close");
  const prints = watchPrints(child, closed, "the demo");
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await closed;
    const count = secrets.collect();
    // The tickets stand for mail that was fetched, with tokens.
    if (prints.output().includes("T-0001")) expect(count, "secrets told by the demo").toBeGreaterThan(0);
  });
  return {
    ...prints,
    interrupt: () => process.kill(-(child.pid ?? 0), "SIGINT"),
    exitCode: closed.then(([code]) => code as number | null),
  };
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** The processes and the folder that the output names. */
function namedIn(output: string): { pids: number[]; folder: string } {
  return {
    pids: [...output.matchAll(/\bprocess (\d+)/g)].map(([, pid]) => Number(pid)),
    folder: /LMDB in (\S+)/.exec(output)?.[1] ?? "no folder named",
  };
}

function expectNothingLeft(output: string, processes: number): void {
  const { pids, folder } = namedIn(output);
  expect(pids).toHaveLength(processes);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(folder).toContain("mail-daemon-demo-");
  expect(existsSync(folder)).toBe(false);
}

test("mail arrives, the daemon is killed and comes back, and every mail is accounted for within 80 columns", async () => {
  const demo = startDemo("--seconds", "6", "--seed", "1");
  await demo.printed(/kill -9 \d+: the daemon is dead, [1-9]\d* deliver/);
  // A neighbour to the absence below: while it runs, what it names is there.
  const named = namedIn(demo.output());
  expect(named.pids.filter(isAlive).length).toBeGreaterThan(0);
  expect(existsSync(named.folder)).toBe(true);

  expect(await demo.exitCode, demo.output()).toBe(0);
  const lines = demo.output().split("\n");
  expect(lines.filter((line) => [...line].length > 80)).toEqual([]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is checked
  expect(demo.output()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
  expect(lines.filter((line) => /^ +[\d.]+ s {2}T-\d{4} {2}/.test(line)).length).toBeGreaterThan(20);
  expect(demo.output()).toMatch(/Graph throttles sales@ \(429\)/);
  expect(demo.output()).toMatch(/^queue +arrived +delivered +duplicates +marked +requests +p50 +p95$/m);
  for (const queue of ["support@", "sales@", "billing@", "returns@", "vip@"]) {
    expect(demo.output()).toMatch(new RegExp(`^${queue} +(\\d+) +\\1 +\\d+ +\\1 +\\d+ +(-|[\\d.]+ s) +(-|[\\d.]+ s)$`, "m"));
  }
  expect(demo.output()).toMatch(/^Lost: 0 of [1-9]\d*\./m);
  expect(demo.output()).toMatch(/Nothing was lost, and every duplicate is explained\.\n$/);
  expectNothingLeft(demo.output(), 3);
}, 60_000);

test("Ctrl-C ends it at once and leaves nothing behind", async () => {
  const demo = startDemo();
  await demo.printed(/T-0001/);
  demo.interrupt();
  expect(await demo.exitCode).toBe(130);
  expect(demo.output()).toContain("Stopped before the end, so there is no verdict.");
  expectNothingLeft(demo.output(), 2);
});

test("with --keep mail goes on until Ctrl-C, which drains and prints the table", async () => {
  const demo = startDemo("--keep", "--seconds", "4", "--seed", "2");
  await demo.printed(/the daemon is back/);
  const [, tickets] = await demo.printed(/T-(\d{4})[^\n]*\n$/);
  await demo.printed(new RegExp(`T-${String(Number(tickets) + 20).padStart(4, "0")}`));
  demo.interrupt();
  expect(await demo.exitCode, demo.output()).toBe(0);
  expect(demo.output()).toMatch(/^total +(\d+) +\1 +\d+ +\1 /m);
  expectNothingLeft(demo.output(), 3);
}, 60_000);

test("a process that ends unasked ends the demo with exit code 1, and nothing stays behind", async () => {
  const demo = startDemo();
  const [, pid] = await demo.printed(/simulator +process (\d+)/);
  await demo.printed(/T-0001/);
  process.kill(Number(pid), "SIGKILL");
  expect(await demo.exitCode).toBe(1);
  expect(demo.output()).toContain("The demo failed: The simulator process ended unasked (SIGKILL).");
  expectNothingLeft(demo.output(), 2);
});

test.each([
  { given: ["--fast"], says: "Unknown option '--fast'" },
  { given: ["--seconds", "3"], says: "Expected --seconds to be a whole number from 4 to 3600, got '3'" },
])("the flags $given are refused with exit code 2", async ({ given, says }) => {
  const demo = startDemo(...given);
  expect(await demo.exitCode).toBe(2);
  expect(demo.output()).toBe(`${says}\nTry: npm start -- --help\n`);
});

test("--help says what the flags do", async () => {
  const demo = startDemo("--help");
  expect(await demo.exitCode).toBe(0);
  for (const flag of ["--seconds", "--seed", "--keep"]) expect(demo.output()).toContain(flag);
});
