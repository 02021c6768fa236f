/** `status`, `explain`, `quarantine`, `replay` and `sweep`: of a daemon that runs, and of a store on which none does. */
import { existsSync } from "node:fs";
import { expect, it, test } from "vitest";
import { lmdbStore } from "../../../src/state/lmdb.js";
import { many, next } from "../../support/host.js";
import { sales, simulatedLine, support } from "./simulated-line.js";

/** Rejects each mail until it is good. */
function choosy() {
  const taken: string[] = [];
  const host = { good: false, taken };
  const handler = async (delivery: { message: { id: string }; reject(reason: string): Promise<unknown> }) => {
    if (!host.good) await delivery.reject("no such customer");
    else taken.push(delivery.message.id);
  };
  return Object.assign(host, { handler });
}

/** Two mails of support rest in quarantine; the daemon runs with a control socket, or has stopped. */
async function quarantinedLine(how: "a daemon runs" | "none runs") {
  const line = await simulatedLine();
  await line.signIn(support, sales);
  const ids = ["first", "second"].map((subject) => line.sim.mailbox(support).deliver({ subject }));
  const host = choosy();
  const running = await line.made(host.handler, { control: how === "a daemon runs" });
  await running.start();
  await expect.poll(async () => (await running.daemon.quarantined(support)).length).toBe(2);
  const stories = await Promise.all(ids.map((id) => running.daemon.explain(support, id)));
  if (how === "none runs") await running.stop();
  return { line, ids, host, running, stories };
}

const both = [["a daemon runs"], ["none runs"]] as const;

test.each(both)("quarantine and explain say what the daemon itself would, where %s", async (how) => {
  const { line, ids, stories } = await quarantinedLine(how);
  const all = await line.run("--json", "quarantine");
  expect(all.exitCode).toBe(0);
  const listed = line.json<{ id: string }>(all.out);
  expect(listed.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  expect(listed[0]).toMatchObject({ queue: support, reason: "no such customer", attempts: 1, mark: "none", folder: "inbox" });
  expect((await line.run("--json", "quarantine", sales)).out).toBe("");
  for (const [index, id] of ids.entries()) {
    const explained = await line.run("--json", "explain", support.toUpperCase(), id);
    expect(line.json(explained.out)).toEqual([{ ...JSON.parse(JSON.stringify(stories[index])), queue: support.toUpperCase() }]);
  }
  const text = await line.run("explain", support, ids[0] as string);
  expect(text.out).toMatch(/state +quarantined/);
  expect(text.out).toContain("no such customer");
  expect((await line.run("quarantine", support)).out).toContain(ids[1]);
});

test.each(both)("what was never seen, and what is no queue, is an error where %s", async (how) => {
  const { line } = await quarantinedLine(how);
  for (const words of [
    ["explain", support, "AAkUnknown"],
    ["replay", support, "AAkUnknown"],
    ["explain", support, "\0"],
  ]) {
    const { exitCode, err, out } = await line.run("--json", ...words);
    expect([exitCode, out]).toEqual([1, ""]);
    expect(JSON.parse(err)).toMatchObject({ error: { code: "DELIVERY_UNKNOWN_MESSAGE" } });
  }
  for (const command of ["explain", "replay", "quarantine"]) {
    const { exitCode, err } = await line.run("--json", command, "nobody@contoso.com", ...(command === "quarantine" ? [] : ["AAk"]));
    expect([exitCode, JSON.parse(err)]).toMatchObject([1, { error: { code: "LIFECYCLE_UNKNOWN_QUEUE" } }]);
  }
});

test.each(both)("status says how each queue is, where %s", async (how) => {
  const { line } = await quarantinedLine(how);
  const { exitCode, out } = await line.run("--json", "status");
  expect(exitCode).toBe(0);
  const runs = how === "a daemon runs";
  expect(line.json(out)).toMatchObject([
    {
      running: runs,
      state: runs ? "running" : "stopped",
      queues: [
        { address: support, waiting: 0, inFlight: 0, marksWaiting: 0, lastRoundAt: expect.stringMatching(/^20.*Z$/) },
        { address: sales },
      ],
    },
  ]);
  const text = (await line.run("status")).out;
  expect(text).toContain(runs ? `in process ${process.pid}` : "No daemon listens");
  expect(text).toContain(`${support}  `);
});

test.each(both)("one queue whose records cannot be read hides no other's messages, where %s", async (how) => {
  const line = await simulatedLine();
  await line.signIn(support, sales);
  const id = line.sim.mailbox(sales).deliver({ subject: "bad" });
  const store = lmdbStore(line.storeFolder);
  await store.open();
  await store.commit({ puts: [{ key: [support, "open", 1], value: "nonsense" }] });
  await store.close();
  const { daemon, start, stop } = await line.made(choosy().handler, { control: true });
  const quarantined = next(daemon, "message:quarantined");
  await start();
  await quarantined;
  if (how === "none runs") await stop();
  const all = await line.run("--json", "quarantine");
  expect([all.exitCode, line.json(all.out)]).toMatchObject([how === "none runs" ? 5 : 1, [{ queue: sales, id }]]);
  expect(line.json(all.err)).toMatchObject([{ error: { queue: support, message: expect.stringContaining("cannot be read") } }]);
  expect(line.json((await line.run("--json", "status")).out)).toMatchObject([
    { queues: [{ address: support, state: "stopped", why: expect.stringContaining("STORE_RECORD_INVALID") }, { address: sales }] },
  ]);
});

it("status without a daemon counts what waits, and says who has to sign in", async () => {
  const line = await simulatedLine();
  await line.signIn(support);
  line.sim.mailbox(support).deliver({ subject: "waits" });
  const { daemon, start, stop } = await line.made(() => Promise.reject(new Error("not today")));
  const retrying = next(daemon, "message:retrying");
  await start();
  await retrying;
  await stop();
  const [status] = line.json<{ queues: unknown[] }>((await line.run("--json", "status")).out);
  expect(status?.queues).toMatchObject([
    { address: support, waiting: 1, why: expect.stringContaining("signed in"), oldestUndeliveredMs: expect.any(Number) },
    { address: sales, waiting: 0, why: expect.stringContaining("nobody is signed in"), remedy: `Sign ${sales} in.` },
  ]);
});

it("a replay by the running daemon is delivered at once", async () => {
  const { line, ids, host, running } = await quarantinedLine("a daemon runs");
  host.good = true;
  const settled = next(running.daemon, "message:settled");
  const { exitCode, out } = await line.run("--json", "replay", support, ids[0] as string);
  expect([exitCode, line.json(out)]).toEqual([0, [{ queue: support, id: ids[0], by: "running-daemon" }]]);
  expect((await settled).id).toBe(ids[0]);
  expect(host.taken).toEqual([ids[0]]);
});

it("a replay on the store is delivered, settled and marked by the next daemon, and one that was not replayed rests on", async () => {
  const { line, ids, host } = await quarantinedLine("none runs");
  const { exitCode, out } = await line.run("--json", "replay", support, ids[1] as string);
  expect([exitCode, line.json(out)]).toEqual([0, [{ queue: support, id: ids[1], by: "next-run" }]]);
  expect(line.json((await line.run("--json", "quarantine", support)).out)).toMatchObject([{ id: ids[0] }]);
  expect(line.json((await line.run("--json", "explain", support, ids[1] as string)).out)).toMatchObject([
    { state: "pending", attempts: 0, replayedAt: expect.any(String), failures: [{ error: "no such customer" }] },
  ]);

  host.good = true;
  const { daemon, start } = await line.made(host.handler);
  const marked = next(daemon, "message:marked");
  await start();
  await marked;
  expect(host.taken).toEqual([ids[1]]);
  expect(await daemon.explain(support, ids[1] as string)).toMatchObject({ state: "settled", attempts: 1 });
  expect((await daemon.quarantined(support)).map(({ id }) => id)).toEqual([ids[0]]);
});

test.each(both)("--all replays the whole quarantine of a queue, where %s", async (how) => {
  const { line, ids, host, running } = await quarantinedLine(how);
  host.good = true;
  const { daemon, start } = how === "none runs" ? await line.made(host.handler) : running;
  const settled = many(daemon, "message:settled", 2);
  const { out } = await line.run("replay", support, "--all");
  for (const id of ids) expect(out).toContain(id);
  expect((await line.run("replay", sales, "--all")).err).toContain("Nothing rests");
  if (how === "none runs") await start();
  await settled;
  expect(host.taken.toSorted()).toEqual(ids.toSorted());
});

it("a replay contradicts no daemon that owns the store and has no control socket", async () => {
  const line = await simulatedLine();
  await line.signIn(support);
  const id = line.sim.mailbox(support).deliver({ subject: "bad" });
  const { daemon, start } = await line.made(choosy().handler);
  const quarantined = next(daemon, "message:quarantined");
  await start();
  await quarantined;
  const { exitCode, err } = await line.run("--json", "replay", support, id);
  expect([exitCode, JSON.parse(err)]).toMatchObject([5, { error: { code: "LIFECYCLE_STORE_IN_USE" } }]);
  expect(await daemon.explain(support, id)).toMatchObject({ state: "quarantined" });
  // Looking is free.
  expect(line.json((await line.run("--json", "quarantine")).out)).toMatchObject([{ id }]);
  expect((await line.run("status")).out).toContain("belongs to the daemon in process");
  await daemon.pollNow(support);
});

test.each([
  ["neither a message nor --all", ["replay", support]],
  ["both", ["replay", support, "AAk", "--all"]],
])("a replay of %s is a wrong command line", async (_, words) => {
  const line = await simulatedLine();
  expect((await line.run(...words)).exitCode).toBe(2);
  expect(existsSync(line.storeFolder)).toBe(false);
});

it("a sweep is made by the daemon that runs, and says what it compared", async () => {
  const line = await simulatedLine();
  await line.signIn(support, sales);
  line.sim.mailbox(support).deliver({ subject: "one" });
  const { daemon, start } = await line.made(() => undefined, { control: true });
  const settled = next(daemon, "message:settled");
  await start();
  await settled;
  const one = await line.run("--json", "sweep", support);
  expect([one.exitCode, line.json(one.out)]).toEqual([0, [{ listed: 1, known: 1, found: 0, gone: 0 }]]);
  expect((await line.run("sweep")).out).toContain("1 listed, 1 known");
});

it("a sweep without a daemon says that it needs one", async () => {
  const line = await simulatedLine();
  const { exitCode, err } = await line.run("sweep", support);
  expect([exitCode, err]).toEqual([1, expect.stringContaining("made by a running daemon")]);
  expect(err).toContain("m365-mail-daemon run");
});

test.each([["status"], ["quarantine"], ["explain", support, "AAk"], ["replay", support, "AAk"]])(
  "%s of a store that is not there makes none",
  async (...words) => {
    const line = await simulatedLine();
    const { exitCode, err } = await line.run(...words);
    expect([exitCode, err]).toEqual([1, expect.stringContaining("There is no store")]);
    expect(existsSync(line.storeFolder)).toBe(false);
  },
);

it("a folder that had to be looked for has its name on the store too", async () => {
  const line = await simulatedLine([{ address: support, folders: ["Inbox/Complaints"] }]);
  const mailbox = line.sim.mailbox(support);
  mailbox.deliver({ subject: "angry" }, mailbox.addFolder("Complaints", "inbox"));
  await line.signIn(support);
  const { daemon, start, stop } = await line.made(choosy().handler);
  const quarantined = next(daemon, "message:quarantined");
  await start();
  const { id } = await quarantined;
  await stop();
  expect(line.json((await line.run("--json", "quarantine")).out)).toMatchObject([{ id, folder: "Inbox/Complaints" }]);
  expect(line.json((await line.run("--json", "explain", support, id)).out)).toMatchObject([{ folder: "Inbox/Complaints" }]);
});

it("pause, resume and poll are asked of the daemon that runs", async () => {
  const line = await simulatedLine([{ address: support }]);
  await line.signIn(support);
  const { daemon, start } = await line.made(() => undefined, { control: true });
  const polled = next(daemon, "queue:polled");
  await start();
  await polled;
  expect(line.json((await line.run("--json", "pause", support)).out)).toEqual([{ queue: support, outcome: "paused" }]);
  await expect.poll(() => daemon.status().queues[0]?.state).toBe("paused");
  const refused = await line.run("poll", support);
  expect([refused.exitCode, refused.err]).toEqual([1, expect.stringContaining("LIFECYCLE_PAUSED")]);
  expect((await line.run("resume", support)).out).toBe(`Resumed: ${support}\n`);
  expect(line.json((await line.run("--json", "poll", support)).out)).toEqual([{ queue: support, outcome: "polled" }]);
  expect((await line.run("pause", "nobody@contoso.com")).err).toContain("LIFECYCLE_UNKNOWN_QUEUE");
});

test.each(["pause", "resume", "poll"])("%s needs a daemon that runs", async (command) => {
  const line = await simulatedLine([{ address: support }]);
  const { exitCode, err } = await line.run(command, support);
  expect([exitCode, err]).toEqual([1, expect.stringContaining("LIFECYCLE_NOT_STARTED")]);
});
