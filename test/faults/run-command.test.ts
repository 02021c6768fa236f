/** The program itself as a process: signals, a reader that stalls or goes away, a kill between two files. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import type { MailJson } from "../../src/cli/mail-json.js";
import { deferred } from "../support/deferred.js";
import { type RedisServer, redisMissing, startRedis } from "../support/redis.js";
import { showPrint } from "../support/secrets/showings.js";
import { address, runScene } from "../unit/cli/run-scene.js";
import { receiver } from "../unit/cli/sinks/receiver.js";

const program = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const library = new URL("../../dist/src/index.js", import.meta.url).href;
const secret = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;
const keyOf = (id: string) => `${address}/${id}`;

async function folderOfTest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "mail-daemon-run-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface Started {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number | null>;
  err(): string;
}

function start(folder: string, ...words: string[]): Started {
  const child = spawn(process.execPath, [program, ...words], { cwd: folder, env: { ...process.env, HOOK: secret } });
  const pieces: string[] = [];
  child.stderr.on("data", (piece: Buffer) => {
    pieces.push(piece.toString());
    showPrint("what the program printed", piece.toString());
  });
  const ended = once(child, "close").then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, ended, err: () => pieces.join("") };
}

/** Runs it to its end; the keys of the lines on standard output. */
async function linesOfRun(folder: string): Promise<{ exitCode: number | null; keys: string[] }> {
  const { child, ended } = start(folder, "run", "--once");
  const pieces: string[] = [];
  child.stdout.on("data", (piece: Buffer) => pieces.push(piece.toString()));
  const exitCode = await ended;
  const lines = pieces.join("").split("\n").slice(0, -1);
  return { exitCode, keys: lines.map((line) => (JSON.parse(line) as MailJson).key) };
}

/** More than any pipe holds: a line counts as taken when its reader has taken most of it. */
const large = { contentType: "text", content: "x".repeat(400_000) } as const;

describe("whoever reads the lines", () => {
  it("and goes away loses nothing but what is in the pipe: the program ends with 141, and the rest comes again", async () => {
    const folder = await folderOfTest();
    const { mailbox, read } = await runScene(folder);
    const ids = Array.from({ length: 12 }, () => mailbox.deliver({ body: large }));
    const { child, ended } = start(folder, "run");
    let taken = "";
    await new Promise<void>((resolve) => {
      child.stdout.on("data", (piece: Buffer) => {
        taken += piece.toString();
        if (taken.split("\n").length > 3) resolve();
      });
    });
    child.stdout.destroy();
    expect(await ended).toBe(141);
    const whole = taken.split("\n").slice(0, -1);
    const keys = new Set(whole.map((line) => (JSON.parse(line) as MailJson).key));
    const again = await linesOfRun(folder);
    expect([again.exitCode, read(ids)]).toEqual([0, ids]);
    // What did not come again was acknowledged: its line was taken whole, but for the one whose last piece may have stood in the pipe.
    const acked = ids.map(keyOf).filter((key) => !again.keys.includes(key));
    expect(again.keys.length).toBeGreaterThan(0);
    expect(acked.filter((key) => !keys.has(key)).length).toBeLessThanOrEqual(1);
  });

  it("and stalls holds the deliveries and nothing else: the queue is polled on, and a SIGTERM ends it when --drain is over", async () => {
    const folder = await folderOfTest();
    const { mailbox, simulator, read } = await runScene(folder);
    const ids = Array.from({ length: 6 }, () => mailbox.deliver({ body: large }));
    const { child, ended, err } = start(folder, "run", "--drain", "0.2");
    child.stdout.pause();
    await expect.poll(err).toContain("polled from now on");
    const before = simulator.log.count({ route: "delta" });
    await expect.poll(() => simulator.log.count({ route: "delta" })).toBeGreaterThan(before + 5);
    expect(read(ids).length).toBeLessThan(ids.length);
    child.kill("SIGTERM");
    await expect.poll(err).toMatch(/ stopped\n$/);
    let taken = "";
    child.stdout.on("data", (piece: Buffer) => {
      taken += piece.toString();
    });
    expect(await ended).toBe(0);
    const again = await linesOfRun(folder);
    expect([again.exitCode, read(ids)]).toEqual([0, ids]);
    const whole = taken.split("\n").slice(0, -1);
    const keys = [...again.keys, ...whole.map((line) => (JSON.parse(line) as MailJson).key)];
    expect(ids.map(keyOf).filter((key) => !keys.includes(key))).toEqual([]);
  });
});

it("writes its lines into a file where its output was redirected into one", async () => {
  const folder = await folderOfTest();
  const { mailbox, read } = await runScene(folder);
  const ids = Array.from({ length: 5 }, () => mailbox.deliver());
  const file = await open(join(folder, "mail.ndjson"), "w");
  onTestFinished(() => file.close());
  const child = spawn(process.execPath, [program, "run", "--once"], { cwd: folder, stdio: ["ignore", file.fd, "ignore"] });
  expect((await once(child, "close"))[0]).toBe(0);
  const lines = (await readFile(join(folder, "mail.ndjson"), "utf8")).split("\n").slice(0, -1);
  expect(lines.map((line) => (JSON.parse(line) as MailJson).key).toSorted()).toEqual(ids.map(keyOf).toSorted());
  expect(read(ids)).toEqual(ids);
});

it("a line that the disk took only half of is not acknowledged, and comes again whole", async () => {
  const folder = await folderOfTest();
  const { mailbox, read } = await runScene(folder);
  const ids = Array.from({ length: 8 }, () => mailbox.deliver({ body: large }));
  const name = join(folder, "mail.ndjson");
  const append = async (limit: string) => {
    const command = `${limit} exec "${process.execPath}" "${program}" run --once >> "${name}"`;
    const child = spawn("/bin/sh", ["-c", command], { cwd: folder, stdio: ["ignore", "ignore", "ignore"] });
    return (await once(child, "close"))[0] as number;
  };
  const wholeKeys = (text: string) =>
    text.split("\n").flatMap((line) => {
      const key = /^\{"key":"([^"]+)".*\}$/.exec(line)?.[1];
      return key === undefined ? [] : [key];
    });
  // The limit is in blocks of 512 or 1,024 bytes, as the shell likes; both end within a line.
  expect(await append("ulimit -f 2100;")).toBe(141);
  const first = await readFile(name, "utf8");
  expect(first.endsWith("\n")).toBe(false);
  expect(read(ids).length).toBeLessThan(ids.length);
  expect(await append("")).toBe(0);
  const keys = wholeKeys(await readFile(name, "utf8"));
  expect(keys.toSorted()).toEqual(ids.map(keyOf).toSorted());
  expect(read(ids)).toEqual(ids);
});

it("without a terminal, as under nohup, a SIGHUP does not end it", async () => {
  const folder = await folderOfTest();
  await runScene(folder);
  const { child, ended, err } = start(folder, "run");
  await expect.poll(err).toContain("polled from now on");
  child.kill("SIGHUP");
  child.kill("SIGTERM");
  // A second interrupt would have ended it at once, with 130.
  expect(await ended).toBe(0);
  expect(err()).toMatch(/ stopped\n$/);
});

describe("an interrupt while a webhook has not answered", () => {
  async function inFlight() {
    const folder = await folderOfTest();
    const answer = deferred<{ status: number }>();
    const { url, until } = await receiver(() => answer.promise);
    const { mailbox, read } = await runScene(folder, { deliverTo: { webhook: { url, secretEnv: "HOOK" } } });
    const id = mailbox.deliver();
    const started = start(folder, "run");
    await until(1);
    return { folder, answer, id, read, ...started };
  }

  it("waits for its answer, marks the mail and ends with 0", async () => {
    const { child, ended, err, answer, id, read } = await inFlight();
    child.kill("SIGINT");
    await expect.poll(err).toContain("stopping: what is in flight ends first");
    answer.resolve({ status: 200 });
    expect(await ended).toBe(0);
    expect(read([id])).toEqual([id]);
  });

  it("ends with 130 at once when it comes a second time, and the mail comes again", async () => {
    const { folder, child, ended, err, answer, id, read } = await inFlight();
    child.kill("SIGINT");
    await expect.poll(err).toContain("stopping");
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(read([id])).toEqual([]);
    answer.resolve({ status: 200 });
    const { ended: again } = start(folder, "run", "--once");
    expect(await again).toBe(0);
    expect(read([id])).toEqual([id]);
  });
});

it("killed while it writes files, it leaves no mail without its files and none twice", async () => {
  const folder = await folderOfTest();
  const { mailbox, read } = await runScene(folder, { deliverTo: { files: "./mail" } });
  const ids = Array.from({ length: 60 }, (_, index) => mailbox.deliver({ subject: `mail ${index}` }));
  const place = join(folder, "mail", address);
  const files = () => readdir(place).catch(() => []);
  const { child, ended } = start(folder, "run");
  await expect.poll(async () => (await files()).filter((name) => name.endsWith(".json")).length, { interval: 1 }).toBeGreaterThan(5);
  child.kill("SIGKILL");
  await ended;
  const before = await files();
  // What is acknowledged is there.
  expect(before.filter((name) => name.endsWith(".json")).length).toBeGreaterThanOrEqual(read(ids).length);
  const { ended: again } = start(folder, "run", "--once");
  expect(await again).toBe(0);
  const after = await files();
  for (const ending of [".eml", ".json"]) expect(after.filter((name) => name.endsWith(ending))).toHaveLength(60);
  expect(after).toHaveLength(120);
  expect(read(ids)).toEqual(ids);
});

describe.skipIf(redisMissing !== undefined)("several that run", () => {
  /** Writes a configuration with everything on Redis beside the scene's, and gives its name. */
  async function sharing(folder: string, redis: RedisServer, name: string, more = ""): Promise<string> {
    await writeFile(
      join(folder, `${name}.mjs`),
      `import { readFileSync } from "node:fs";
      import { bullmqScheduler, redisStore } from ${JSON.stringify(library)};
      const redis = ${JSON.stringify(redis.url)};
      export default {
        ...JSON.parse(readFileSync(new URL("mail-daemon.config.json", import.meta.url), "utf8")),
        store: redisStore({ url: redis }),
        scheduler: bullmqScheduler({ connection: redis, lockMs: 2_000 }),
        ${more}
      };`,
    );
    return `${name}.mjs`;
  }

  async function begun() {
    const folder = await folderOfTest();
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const scene = await runScene(folder, { defaults: { pollIntervalMs: 700, minPollIntervalMs: 700 } }, { signIn: false });
    const configs = [await sharing(folder, redis, "one", 'control: "./one",'), await sharing(folder, redis, "two", 'control: "./two",')];
    const tokens = join(folder, "tokens.json");
    const refreshToken = scene.simulator.user(address).issueRefreshToken();
    await writeFile(tokens, JSON.stringify([{ address, refreshToken }]), { mode: 0o600 });
    const ask = async (config: string, ...words: string[]) => {
      const { child, ended, err } = start(folder, ...words, "--config", config, "--json");
      const pieces: string[] = [];
      child.stdout.on("data", (piece: Buffer) => pieces.push(piece.toString()));
      const exitCode = await ended;
      const lines = pieces.join("").split("\n").slice(0, -1);
      return { exitCode, err: err(), results: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
    };
    const imported = await ask("one.mjs", "import-tokens", tokens);
    expect([imported.exitCode, imported.err]).toEqual([0, ""]);
    const keys: string[] = [];
    const runs = configs.map((config) => {
      const run = start(folder, "run", "--config", config);
      createInterface({ input: run.child.stdout }).on("line", (line) => keys.push((JSON.parse(line) as MailJson).key));
      return run;
    });
    return { ...scene, folder, redis, ask, keys, runs };
  }

  it("share the queues: one that is killed has its turns taken over, and commands reach the others by the folders of `control`", async () => {
    const { mailbox, ask, keys, runs, folder, redis } = await begun();
    const [one, two] = runs as [Started, Started];
    const workersOf = async (config: string) =>
      (await ask(config, "status")).results.flatMap(({ workers }) => workers as { processId: number }[]);
    const processesOf = async (config: string) => new Set((await workersOf(config)).map(({ processId }) => processId));
    await expect.poll(() => processesOf("one.mjs")).toEqual(new Set([one.child.pid, two.child.pid]));
    const ids = mailbox.deliverMany([{}, {}, {}, {}, {}, {}]);
    await expect.poll(() => keys.toSorted()).toEqual(ids.map(keyOf).toSorted());

    one.child.kill("SIGKILL");
    await one.ended;
    const later = mailbox.deliverMany([{}, {}, {}]);
    await expect.poll(() => new Set(keys)).toEqual(new Set([...ids, ...later].map(keyOf)));
    expect(await ask("two.mjs", "sweep")).toMatchObject({ exitCode: 0, results: [{ listed: 9, known: 9, found: 0 }] });
    expect(await ask("two.mjs", "status")).toMatchObject({
      results: [{ running: true, processId: two.child.pid, state: "running", queues: [{ address, lastRoundAt: expect.any(String) }] }],
    });
    // Of the one that was killed nothing listens; its store tells.
    expect(await ask("one.mjs", "status")).toMatchObject({ results: [{ running: false, queues: [{ address, state: "idle" }] }] });

    const silent = await sharing(folder, redis, "silent");
    expect(await processesOf(silent)).toContain(two.child.pid);
    const poll = await ask(silent, "poll", address);
    expect([poll.exitCode === 0, poll.err]).toEqual([false, expect.stringContaining("`control`")]);

    two.child.kill("SIGINT");
    expect(await two.ended).toBe(0);
    // That one who was killed is believed to be there for a while.
    expect(await processesOf(silent)).not.toContain(two.child.pid);
  });

  it("cannot be told when all is done, so `--once` is refused", async () => {
    const { ask, runs } = await begun();
    for (const run of runs) run.child.kill("SIGKILL");
    const once = await ask("one.mjs", "run", "--once");
    expect([once.exitCode, once.err]).toEqual([2, expect.stringContaining("--once")]);
  });
});
