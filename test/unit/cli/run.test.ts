/** `run` against a simulator on loopback: each sink, `--once`, interrupts, and what a person is told. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { disguised } from "../../../src/base/disguise.js";
import type { MailJson } from "../../../src/cli/mail-json.js";
import type { Delivery } from "../../../src/delivery/delivery.js";
import { memoryStore } from "../../../src/index.js";
import { deferred } from "../../support/deferred.js";
import { familiesOf } from "../../support/prometheus.js";
import { commandLine } from "./command-line.js";
import { address, began, runScene } from "./run-scene.js";
import { receiver } from "./sinks/receiver.js";

const linesOf = (text: string) => text.split("\n").filter((line) => line !== "");
const keysIn = (text: string) => linesOf(text).map((line) => (JSON.parse(line) as MailJson).key);
const keyOf = (id: string) => `${address}/${id}`;
const secret = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;

/** Handlers of modules reach the test by this name. */
const reach = globalThis as { handled?: (delivery: { readonly key: string; readonly attempt: number }) => unknown };

describe("run --once", () => {
  it("writes a line for each unread mail by default, marks them, and ends with 0; the next one finds nothing", async () => {
    const line = await commandLine();
    const { mailbox, read } = await runScene(line.folder);
    const ids = ["a", "b", "c"].map((subject) => mailbox.deliver({ subject }));
    const first = await line.run("run", "--once");
    expect(first.exitCode).toBe(0);
    expect(keysIn(first.out).toSorted()).toEqual(ids.map(keyOf).toSorted());
    expect(read(ids)).toEqual(ids);
    const second = await line.run("run", "--once");
    expect([second.exitCode, second.out]).toEqual([0, ""]);
  });

  it("writes files where that is configured, relative to the configuration", async () => {
    const line = await commandLine();
    const { mailbox } = await runScene(line.folder, { deliverTo: { files: "./mail" } });
    const id = mailbox.deliver({ subject: "Secret words" });
    expect((await line.run("run", "--once")).exitCode).toBe(0);
    const folder = join(line.folder, "mail", address);
    const names = (await readdir(folder)).toSorted();
    expect(names.map((name) => name.slice(32))).toEqual([".eml", ".json"]);
    expect(await readFile(join(folder, names[0] as string), "utf8")).toContain("Secret words");
    expect(JSON.parse(await readFile(join(folder, names[1] as string), "utf8"))).toMatchObject({
      key: keyOf(id),
      mime: { file: names[0] },
    });
  });

  it("writes the JSON alone where Graph refuses the MIME", async () => {
    const line = await commandLine();
    const { mailbox, read } = await runScene(line.folder, { deliverTo: { files: "./mail" } });
    const id = mailbox.deliver({ subject: "Broken" });
    mailbox.damage(id, { code: "ErrorMimeContentConversionFailed", properties: ["mime"] });
    expect((await line.run("run", "--once")).exitCode).toBe(0);
    const folder = join(line.folder, "mail", address);
    const [name = "", ...others] = await readdir(folder);
    expect(others).toEqual([]);
    expect(JSON.parse(await readFile(join(folder, name), "utf8"))).toMatchObject({ mime: { refused: "GRAPH_MIME_REFUSED" } });
    expect(read([id])).toEqual([id]);
  });

  it("posts to the webhook; what it refuses waits for the next run, and is told with the exit code", async () => {
    const line = await commandLine();
    let status = 503;
    const { url, received } = await receiver(() => ({ status, headers: { "retry-after": "1" } }));
    const { mailbox, read } = await runScene(line.folder, { deliverTo: { webhook: { url, secretEnv: "HOOK" } } });
    line.env.HOOK = secret;
    const id = mailbox.deliver({ subject: "Secret words" });
    const refused = await line.run("run", "--once");
    expect([refused.exitCode, read([id])]).toEqual([1, []]);
    expect(refused.err).toContain("DELIVERY_WEBHOOK_REFUSED: 127.0.0.1:");
    expect(refused.err).not.toContain("Secret words");
    status = 200;
    expect((await line.run("run", "--once")).exitCode).toBe(0);
    expect(received.map(({ body }) => (JSON.parse(body) as MailJson).attempt)).toEqual([1, 2]);
    expect(read([id])).toEqual([id]);
  });

  it("tries mail that a sink cannot take more often than a handler's, unless the configuration says how often", async () => {
    const line = await commandLine();
    line.env.HOOK = secret;
    const { url } = await receiver(() => ({ status: 500, headers: { "retry-after": "1" } }));
    const deliverTo = { webhook: { url, secretEnv: "HOOK" } };
    const { mailbox, configure, daemon } = await runScene(line.folder, { deliverTo });
    const id = mailbox.deliver();
    // More attempts before than the daemon makes by itself.
    const tried = deferred();
    const handler = async (delivery: Delivery) => {
      await delivery.retry({ afterMs: 1 });
      if (delivery.attempt === 6) tried.resolve();
    };
    const before = await daemon({ defaults: { maxAttempts: 1_000 }, handler });
    await before.start();
    await tried.promise;
    await before.stop();
    const patient = await line.run("run", "--once");
    expect(patient.err).toMatch(/a delivery failed \(attempt [789],/);
    expect(patient.err).not.toContain("quarantine");
    await configure({ deliverTo, defaults: { pollIntervalMs: 100, maxAttempts: 3 } });
    expect((await line.run("run", "--once")).err).toMatch(/rests in quarantine after \d+ attempts;/);
    const after = await daemon();
    await after.start();
    const resting = await after.quarantined(address);
    await after.stop();
    expect(resting.map((one) => one.id)).toEqual([id]);
  });

  it("calls the handler of a TypeScript module; one that throws is told without its words", async () => {
    const line = await commandLine();
    const { mailbox } = await runScene(line.folder, { deliverTo: { handler: "./handler.ts" } });
    await writeFile(
      join(line.folder, "handler.ts"),
      "export default (delivery: { key: string }): unknown => (globalThis as unknown as { handled: (given: unknown) => unknown }).handled(delivery);",
    );
    const keys: string[] = [];
    reach.handled = ({ key }) => {
      keys.push(key);
      if (keys.length === 2) throw new Error("no such customer: Ada");
    };
    const ids = [mailbox.deliver({ conversationId: "one" }), mailbox.deliver({ conversationId: "two" })];
    const { exitCode, err } = await line.run("run", "--once");
    expect(exitCode).toBe(1);
    expect(keys.toSorted()).toEqual(ids.map(keyOf).toSorted());
    expect(err).toMatch(/a delivery failed .*m365-mail-daemon explain \S+@contoso\.com \S+ says why/);
    expect(err).not.toContain("Ada");
  });

  it("ends with 3 where a queue was never signed in, and tells the command that does it", async () => {
    const line = await commandLine();
    await runScene(line.folder, {}, { signIn: false });
    const { exitCode, err } = await line.run("run", "--once");
    expect(exitCode).toBe(3);
    expect(err).toContain("Run: m365-mail-daemon sign-in\n");
  });

  it("names no address where standard error may be kept, unless the configuration allows it; a terminal shows them", async () => {
    const line = await commandLine();
    const { configure } = await runScene(line.folder, {}, { signIn: false });
    for (const words of [
      ["run", "--once"],
      ["--json", "run", "--once"],
    ]) {
      const { err } = await line.run(...words);
      expect(err).toContain(disguised(address));
      expect(err).not.toContain(address);
    }
    const seen = began(line.folder, ["run", "--once", "--no-table"], { terminal: true });
    await seen.ended;
    expect(seen.err()).toContain(`Run: m365-mail-daemon sign-in ${address}\n`);
    await configure({ logAddresses: true });
    expect((await line.run("run", "--once")).err).toContain(`Run: m365-mail-daemon sign-in ${address}\n`);
  });

  it("gives a logger of the configuration its lines", async () => {
    const line = await commandLine();
    await runScene(line.folder, {}, { signIn: false });
    const config = JSON.parse(await readFile(join(line.folder, "mail-daemon.config.json"), "utf8")) as object;
    const logged: unknown[] = [];
    const log = (...given: unknown[]) => void logged.push(given);
    Object.assign(globalThis, { configuration: { ...config, logger: { debug: log, info: log, warn: log, error: log } } });
    await writeFile(join(line.folder, "own.mjs"), "export default globalThis.configuration;");
    expect((await line.run("--config", "own.mjs", "run", "--once")).exitCode).toBe(3);
    expect(JSON.stringify(logged)).toContain(disguised(address));
    expect(JSON.stringify(logged)).not.toContain(address);
  });

  it("names the configuration in that command where it is not the one of the folder", async () => {
    const line = await commandLine();
    await runScene(line.folder, {}, { signIn: false });
    const other = join(line.folder, "other name.json");
    await writeFile(other, await readFile(join(line.folder, "mail-daemon.config.json")));
    const { err } = await line.run("--config", "other name.json", "run", "--once");
    expect(err).toContain(`Run: m365-mail-daemon sign-in --config '${other}'\n`);
  });

  it("ends with 4 where Graph has no such mailbox now", async () => {
    const line = await commandLine();
    const { simulator } = await runScene(line.folder);
    simulator.user(address).set({ mailbox: false });
    expect((await line.run("run", "--once")).exitCode).toBe(4);
  });

  it("tells everything as JSON with --json, on standard error, as standard output is the mail's", async () => {
    const line = await commandLine();
    const { mailbox } = await runScene(line.folder);
    mailbox.deliver();
    const { out, err } = await line.run("--json", "run", "--once");
    expect(keysIn(out)).toHaveLength(1);
    const events = linesOf(err).map((one) => (JSON.parse(one) as { event: string }).event);
    expect(events).toEqual(expect.arrayContaining(["daemon:started", "queue:state", "daemon:stopping", "daemon:stopped"]));
  });
});

describe("Ctrl-C", () => {
  async function inHandler() {
    const line = await commandLine();
    const { mailbox, read } = await runScene(line.folder, { deliverTo: { handler: "./handler.mjs" } });
    await writeFile(join(line.folder, "handler.mjs"), "export default (delivery) => globalThis.handled(delivery);");
    const [begun, release] = [deferred<number>(), deferred<void>()];
    reach.handled = ({ attempt }) => {
      begun.resolve(attempt);
      return release.promise;
    };
    const id = mailbox.deliver();
    return { folder: line.folder, id, read, begun, release };
  }

  it("lets what is in flight end, marks it, and ends with 0", async () => {
    const { folder, id, read, begun, release } = await inHandler();
    const { ended, interrupt, err } = began(folder, ["run"]);
    await begun.promise;
    interrupt();
    await expect.poll(err).toContain("stopping: what is in flight ends first");
    expect(read([id])).toEqual([]);
    release.resolve();
    expect(await ended).toBe(0);
    expect(read([id])).toEqual([id]);
    expect(err()).toMatch(/ stopped\n$/);
  });

  it("waits for what is in flight no longer than --drain says, and that was no attempt", async () => {
    const { folder, id, read, begun, release } = await inHandler();
    const first = began(folder, ["run", "--drain", "0"]);
    expect(await begun.promise).toBe(1);
    first.interrupt();
    expect([await first.ended, read([id])]).toEqual([0, []]);
    release.resolve();
    const attempts: number[] = [];
    reach.handled = ({ attempt }) => void attempts.push(attempt);
    expect(await began(folder, ["run", "--once"]).ended).toBe(0);
    expect([attempts, read([id])]).toEqual([[1], [id]]);
  });

  it("before the daemon runs ends with 0 as well", async () => {
    const { folder } = await inHandler();
    const { ended, interrupt } = began(folder, ["run"]);
    interrupt();
    expect(await ended).toBe(0);
  });
});

it("ends with 5 when another process takes the store from it, and says so", async () => {
  const line = await commandLine();
  await runScene(line.folder);
  const store = memoryStore();
  const config = JSON.parse(await readFile(join(line.folder, "mail-daemon.config.json"), "utf8")) as object;
  Object.assign(globalThis, { configuration: { ...config, store, deliverTo: () => undefined } });
  await writeFile(join(line.folder, "own.mjs"), "export default globalThis.configuration;");
  const { ended, err } = began(line.folder, ["--config", "own.mjs", "run"]);
  await expect.poll(err).toContain("started: 1 queue");
  expect((await store.commit({ deletes: [["daemon", "owner"]] })).ok).toBe(true);
  expect(await ended).toBe(5);
  expect(err()).toContain("LIFECYCLE_LOST_STORE");
});

it("is reached by the other commands while it runs, and by none when it has ended", async () => {
  const line = await commandLine();
  await runScene(line.folder, { deliverTo: { files: "./mail" } });
  const { ended, interrupt, err } = began(line.folder, ["run"]);
  await expect.poll(err).toContain("polled from now on");
  const isRunning = async () => JSON.parse((await line.run("--json", "status")).out) as { running: boolean; queues: { address: string }[] };
  await expect.poll(isRunning).toMatchObject({ running: true, state: "running", queues: [{ address }] });
  interrupt();
  expect(await ended).toBe(0);
  expect(await isRunning()).toMatchObject({ running: false });
});

it("answers for health and metrics where the configuration says so, and no more when it has ended", async () => {
  const line = await commandLine();
  const { mailbox } = await runScene(line.folder, { deliverTo: { files: "./mail" }, http: { port: 0 } });
  mailbox.deliver();
  const { ended, interrupt, err } = began(line.folder, ["run"]);
  await expect.poll(err).toMatch(/health and metrics at http:\/\/127\.0\.0\.1:\d+/);
  const [url = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(err()) ?? [];
  const ask = async (path: string) => {
    const answer = await fetch(url + path, { headers: { connection: "close" } });
    return { status: answer.status, text: await answer.text() };
  };
  await expect.poll(() => ask("/readyz")).toMatchObject({ status: 200 });
  expect(await ask("/healthz")).toMatchObject({ status: 200 });
  // By a parser that is not ours; until the mail is settled.
  const measured = async () => new Map(familiesOf((await ask("/metrics")).text).map((family) => [family.name, family]));
  const settled = "mail_daemon_message_time_to_settled";
  await expect
    .poll(async () => (await measured()).get(settled)?.samples)
    .toContainEqual({ name: `${settled}_count`, labels: {}, value: 1 });
  const families = await measured();
  expect(families.get(settled)?.type).toBe("HISTOGRAM");
  expect(families.get("http_client_request_duration")).toMatchObject({ type: "HISTOGRAM" });
  expect(families.get("mail_daemon_delivery_ended_total")).toMatchObject({
    type: "COUNTER",
    samples: [{ labels: { mail_daemon_outcome: "settled" }, value: 1 }],
  });
  expect(families.get("mail_daemon_queue_count")?.type).toBe("GAUGE");
  expect([...families.values()].filter(({ type }) => type === "UNTYPED")).toEqual([]);
  interrupt();
  expect(await ended).toBe(0);
  await expect(ask("/healthz")).rejects.toThrow("fetch failed");
});

describe("a reader of the lines that goes away", () => {
  it("ends the command with 141, and what it did not take comes again as a first attempt", async () => {
    const line = await commandLine();
    const { mailbox, read } = await runScene(line.folder);
    const ids = Array.from({ length: 20 }, () => mailbox.deliver({ body: { contentType: "text", content: "x".repeat(40_000) } }));
    const { ended, stdout, out, err } = began(line.folder, ["run"]);
    stdout.removeAllListeners("data").pause();
    await expect.poll(() => stdout.readableLength).toBeGreaterThan(0);
    const heldBytes = stdout.readableLength;
    stdout.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    expect(await ended).toBe(141);
    expect(out()).toBe("");
    expect(err()).toContain("standard output takes nothing any more (EPIPE)");
    const again = await line.run("run", "--once");
    const deliveries = linesOf(again.out).map((one) => JSON.parse(one) as MailJson);
    expect(read(ids)).toEqual(ids);
    // What did not come again stood whole in the stream when its reader went.
    expect(deliveries.length).toBeGreaterThanOrEqual(ids.length - Math.floor(heldBytes / 40_000));
    expect(deliveries.every(({ attempt }) => attempt === 1)).toBe(true);
  });
});

describe("on a terminal", () => {
  it("shows a live table of the queues on standard error, with lines above it", async () => {
    const line = await commandLine();
    await runScene(line.folder, { deliverTo: { files: "./mail" } });
    const { ended, interrupt, err } = began(line.folder, ["run"], { terminal: true });
    await expect.poll(err).toMatch(/QUEUE +STATE +WAITING +IN FLIGHT +LAST ROUND +WHY/);
    await expect.poll(err).toMatch(/support@contoso\.com +(idle|polling) +0 +0 +\d s ago/);
    interrupt();
    expect(await ended).toBe(0);
    // Taken away with the last line, as nothing in it is true any more.
    expect(err()).toMatch(/Z stopped\n$/);
    expect(err().slice(0, -1).split("\n").at(-1)).toContain("\u001b[0J");
  });

  it("draws none with --no-table, and none where there is no terminal", async () => {
    const line = await commandLine();
    await runScene(line.folder, { deliverTo: { files: "./mail" } });
    const plain = began(line.folder, ["run", "--once", "--no-table"], { terminal: true });
    expect(await plain.ended).toBe(0);
    expect(plain.err()).not.toContain("QUEUE");
    expect(plain.err()).toContain("polled from now on");
    expect((await line.run("run", "--once", "--table")).err).not.toContain("QUEUE");
  });
});

describe("nothing is asked of anybody", () => {
  test.each([
    ["the handler is not there", { deliverTo: { handler: "./none.js" } }, "none.js", ["run"]],
    ["the secret is not there", { deliverTo: { webhook: { url: "https://example.com", secretEnv: "HOOK" } } }, "HOOK", ["run"]],
    ["the webhook is in clear text", { deliverTo: { webhook: { url: "http://example.com", secretEnv: "HOOK" } } }, "https", ["run"]],
    ["the files have no place", { deliverTo: { files: "./keys/mail" } }, "deliverTo.files", ["run"]],
    ["--drain is no number", {}, "--drain", ["run", "--drain", "soon"]],
  ])("where %s; it ends with 2", async (_, changes, named, words) => {
    const line = await commandLine();
    const { simulator } = await runScene(line.folder, changes, { signIn: false });
    const { exitCode, err } = await line.run(...words);
    expect([exitCode, err]).toEqual([2, expect.stringContaining(named)]);
    expect(simulator.log.entries()).toEqual([]);
  });

  it("where another daemon owns the store; it ends with 5", async () => {
    const line = await commandLine();
    const { daemon } = await runScene(line.folder);
    const owner = await daemon();
    await owner.start();
    const { exitCode, err } = await line.run("run");
    await owner.stop();
    expect([exitCode, err]).toEqual([5, expect.stringContaining("LIFECYCLE_STORE_IN_USE")]);
  });
});
