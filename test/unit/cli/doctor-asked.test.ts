/** `doctor` where a daemon runs on the store: the daemon itself looks, so that its limits hold; and what only the command can tell. */
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { doctorChecks } from "../../../src/daemon/doctor/finding.js";
import type { Finding } from "../../../src/index.js";
import { next } from "../../support/host.js";
import { sales, simulatedLine, support } from "./simulated-line.js";

const ofMachine = 8;
const ofQueue = doctorChecks.length - ofMachine - 1;

/** A queue that was polled, and no more rounds by themselves; at most one request to its mailbox at once. */
async function narrowLine(how: { readonly control: boolean }) {
  const defaults = { pollIntervalMs: 86_400_000, startFrom: "everything" } as const;
  const line = await simulatedLine([{ address: support }], { defaults, limits: { mailboxConcurrency: 1 } });
  await line.signIn(support);
  const running = await line.made(() => undefined, how);
  const polled = next(running.daemon, "queue:polled");
  await running.start();
  await polled;
  line.sim.log.clear();
  return { line, daemon: running.daemon };
}

/** The most requests to the mailbox at once while the doctor looks during a slow round. */
async function mostWhile(how: { readonly control: boolean }) {
  const { line, daemon } = await narrowLine(how);
  line.sim.faults.add({ name: "slow", route: "delta", delayMs: 1_500, count: 1 });
  const round = daemon.pollNow(support);
  await expect.poll(() => line.sim.log.count({ route: "delta" })).toBe(1);
  const ran = await line.run("doctor");
  await round;
  return { ran, most: line.sim.log.mostAtOnce(support) };
}

test("its requests pass the gate of the daemon that runs: never more at once than one alone", async () => {
  const { ran, most } = await mostWhile({ control: true });
  expect(ran.exitCode).toBe(0);
  expect(most).toBe(1);
});

test("beside a daemon without a control socket it looks by itself, with one request more", async () => {
  const { ran, most } = await mostWhile({ control: false });
  expect(ran.exitCode).toBe(0);
  expect(most).toBe(2);
  expect(ran.out).toMatch(/^ok +owner .* This looks on beside it\.$/m);
});

test("what the daemon finds is printed as what the command finds, and it says who looked", async () => {
  const line = await simulatedLine();
  await line.signIn(support);
  const alone = line.json<Finding>((await line.run("--json", "doctor", support)).out);
  const running = await line.made(() => undefined, { control: true });
  await running.start();
  const asked = await line.run("--json", "doctor", support.toUpperCase());
  const shape = (findings: readonly Finding[]) => findings.map(({ queue, check, outcome }) => ({ queue, check, outcome }));
  expect(shape(line.json<Finding>(asked.out))).toEqual(shape(alone));
  expect(asked.err).toContain(`The daemon in process ${process.pid} looks`);

  const text = await line.run("doctor");
  expect(text.exitCode).toBe(1);
  expect(text.out).toMatch(new RegExp(`^ok +owner +This daemon owns the store, in process ${process.pid}\\.$`, "m"));
  expect(text.out).toMatch(/^FAIL +vault-record .* has not been signed in.*\n +What to do: /m);
  expect(text.out.split("\n").filter((one) => /^(ok|FAIL|-) /.test(one))).toHaveLength(ofMachine + ofQueue + 2 + 1);
});

test("a queue that the running daemon does not know is a failure that says to start it anew; one of no configuration is an error", async () => {
  const line = await simulatedLine([{ address: support }]);
  await line.signIn(support);
  const running = await line.made(() => undefined, { control: true });
  await running.start();
  const file = join(line.folder, "mail-daemon.config.json");
  const config = JSON.parse(await readFile(file, "utf8")) as object;
  await writeFile(file, JSON.stringify({ ...config, queues: [{ address: support }, { address: sales }] }));

  const all = await line.run("--json", "doctor");
  expect(all.exitCode).toBe(1);
  const findings = line.json<Finding>(all.out);
  expect(findings.filter(({ outcome }) => outcome === "failed")).toEqual([
    {
      queue: sales,
      check: "owner",
      outcome: "failed",
      found: `The running daemon does not know ${sales}: it was started with another configuration.`,
      remedy: "Start the daemon anew. (developer; docs/setup-entra.md#this-machine)",
      who: "developer",
      step: "this-machine",
    },
  ]);
  expect(findings.at(-1)?.check).toBe("clock");

  const one = line.json<Finding>((await line.run("--json", "doctor", sales.toUpperCase())).out);
  expect(one.map(({ check, queue }) => [check, queue])).toEqual([["owner", sales]]);
  const { exitCode, err } = await line.run("doctor", "nobody@contoso.com");
  expect([exitCode, err]).toEqual([1, expect.stringContaining("LIFECYCLE_UNKNOWN_QUEUE")]);
});

test("Ctrl-C ends it while the daemon looks", async () => {
  const { line } = await narrowLine({ control: true });
  line.sim.faults.add({ name: "slow", route: "discovery", delayMs: 60_000 });
  const running = line.run("doctor");
  await expect.poll(() => line.sim.log.count({ route: "discovery" })).toBe(1);
  line.interrupt();
  expect((await running).exitCode).toBe(130);
});

test("a daemon that does not answer fails the check of the owner, and the command looks at everything else by itself", async () => {
  const line = await simulatedLine([{ address: support }]);
  await line.signIn(support);
  const server = createServer((socket) => void socket.destroy());
  await new Promise<void>((resolve) => server.listen(join(line.storeFolder, "control.sock"), resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { exitCode, out } = await line.run("doctor");
  expect(exitCode).toBe(1);
  expect(out).toMatch(/^FAIL +owner +The daemon ended, or broke the connection, .*\n +What to do: See whether it still runs/m);
  expect(out.split("\n").filter((one) => one.startsWith("ok "))).toHaveLength(doctorChecks.length - 1);
});
