/** `simulate`: a daemon with a configuration of `init`'s gets its mail from it, signed in by a person, a password or a token; nothing of it stays. */
import { stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { createControl, simulatorFetch } from "../../../simulator/index.js";
import { composeOptions } from "../../../src/cli/compose.js";
import { loadConfig } from "../../../src/cli/load-config.js";
import { createMailDaemon, keyRing, type MailDaemon, type MailMessage, memoryStore } from "../../../src/index.js";
import { next } from "../../support/host.js";
import { commandLine } from "./command-line.js";
import { startCommand } from "./running-command.js";

const address = "support@fabrikam.example";

interface Simulated {
  readonly url: string;
  readonly clientId: string;
  readonly tenantId: string;
  readonly users: { address: string; password: string; mails: number }[];
}

async function simulated(folder: string, ...words: string[]): Promise<Simulated> {
  const { first } = startCommand(folder, "--json", "simulate", "--port", "0", ...words);
  return JSON.parse((await first).split("\n")[0] as string) as Simulated;
}

/** A daemon as `run` makes it, with its state in memory. */
async function daemonIn(folder: string, handler: (message: MailMessage) => void): Promise<MailDaemon> {
  const options = await composeOptions(await loadConfig(folder, undefined));
  const daemon = createMailDaemon({ ...options, store: memoryStore(), handler: ({ message }) => handler(message) });
  onTestFinished(() => daemon.stop());
  return daemon;
}

async function initialised(...words: string[]) {
  const line = await commandLine();
  const sim = await simulated(line.folder, "--queue", address, ...words);
  expect((await line.run("init", "--simulator", sim.url, "--queue", address)).exitCode).toBe(0);
  return { line, folder: line.folder, run: line.run, sim };
}

test("init takes its address, a password that it prints signs in, and the mails that lie there are delivered", async () => {
  const { folder, sim } = await initialised();
  expect(sim.users).toEqual([{ address, password: "letmein", mails: 3 }]);
  const seen: string[] = [];
  const daemon = await daemonIn(folder, ({ subject }) => void seen.push(subject));
  await daemon.signIn(address, { method: "password", password: "letmein" });
  await daemon.start();
  await vi.waitUntil(() => seen.length === 3, { timeout: 10_000 });
  expect(seen).toContain("Where is my parcel?");
});

test("a person signs in by browser at the page that sign-in shows", async () => {
  const { line, run, sim } = await initialised();
  let visited: Promise<void> | undefined;
  line.onErr = (text) => {
    const page = /^http:\S+$/m.exec(text)?.[0];
    if (page !== undefined) visited = person(page);
  };
  const { exitCode, out } = await run("sign-in", address);
  await visited;
  expect([exitCode, out]).toEqual([0, expect.stringContaining(address)]);
  expect(sim.url).toBe((await loadConfig(line.folder, undefined)).config.simulator);
});

test("a script signs in by the password that it prints", async () => {
  const { line, run, sim } = await initialised();
  line.input = `${sim.users[0]?.password}\n`;
  const { exitCode, out } = await run("sign-in", "--password-stdin", address);
  expect([exitCode, out]).toEqual([0, expect.stringContaining(address)]);
});

/** Fills the page in and follows its form back to the daemon, as a browser does. */
async function person(page: string): Promise<void> {
  const headers = { connection: "close" };
  expect(await (await fetch(page, { headers })).text()).toContain("Sign in");
  const typed = new URLSearchParams({ login: address, passwd: "letmein" });
  const reply = await (await fetch(page, { method: "POST", body: typed, headers })).text();
  const plain = (text: string) => text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
  const target = plain(/action="([^"]+)"/.exec(reply)?.[1] ?? "");
  const fields = new URLSearchParams();
  for (const [, name = "", value = ""] of reply.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g))
    fields.append(name, plain(value));
  await (await fetch(target, { method: "POST", body: fields, headers })).text();
}

test("tokens that it writes are imported, from a file that is its owner's alone", async () => {
  const { folder, run } = await initialised("--tokens", "tokens.jsonl");
  expect((await stat(join(folder, "tokens.jsonl"))).mode & 0o777).toBe(0o600);
  const { exitCode, out } = await run("--json", "import-tokens", "tokens.jsonl");
  expect([exitCode, JSON.parse(out)]).toEqual([0, { line: 1, queue: address, account: address, outcome: "signed-in" }]);
});

test("simulate deliver finds it by the configuration, and its mail is delivered with its attachment", async () => {
  const { folder, run } = await initialised("--mails", "0");
  const seen: MailMessage[] = [];
  const daemon = await daemonIn(folder, (message) => void seen.push(message));
  await daemon.signIn(address, { method: "password", password: "letmein" });
  await daemon.start();
  await writeFile(join(folder, "note.txt"), "a note");
  const settled = next(daemon, "message:settled");
  const words = ["--subject", "Hello", "--body", "How are you?", "--from", "anna@example.org", "--attach", "note.txt"];
  const { exitCode, out } = await run("--json", "simulate", "deliver", address, ...words);
  expect([exitCode, JSON.parse(out)]).toEqual([0, { address, ids: [expect.any(String)] }]);
  await daemon.pollNow(address);
  await settled;
  expect(seen[0]).toMatchObject({ subject: "Hello", from: { address: "anna@example.org" }, hasAttachments: true });
  const [attachment] = (await seen[0]?.attachments()) ?? [];
  expect(attachment?.name).toBe("note.txt");
});

test.each([
  ["an unknown user", ["nobody@fabrikam.example"], "has no user"],
  ["an unknown folder", [address, "--folder", "Nowhere"], "no folder"],
  ["an address that is none", ["support"], "<address>"],
  ["a file that is not there", [address, "--attach", "missing.txt"], "missing.txt"],
  ["a simulator elsewhere", [address, "--url", "http://10.0.0.1:80"], "127.0.0.1"],
  ["no mail at all", [address, "--count", "0"], "--count"],
])("simulate deliver refuses %s, and says why", async (_, words, named) => {
  const { run, sim } = await initialised("--mails", "0");
  const url = words.includes("--url") ? [] : ["--url", sim.url];
  const { exitCode, err } = await run("simulate", "deliver", ...words, ...url);
  expect([exitCode, err]).toEqual([2, expect.stringContaining(named)]);
});

test("simulate deliver says where nothing listens, and what to do", async () => {
  const { run } = await commandLine();
  const { exitCode, err } = await run("simulate", "deliver", address, "--url", "http://127.0.0.1:9");
  expect([exitCode, err]).toEqual([4, expect.stringContaining("m365-mail-daemon simulate")]);
});

test("it tells a person where it is, who is there and what to do next", async () => {
  const { folder } = await commandLine();
  const text = await startCommand(folder, "simulate", "--port", "0", "--queue", address).first;
  expect(text).toMatch(/listens at http:\/\/127\.0\.0\.1:\d+ \(seed 1\)/);
  expect(text).toMatch(new RegExp(`${address} +letmein +3`));
  expect(text).toMatch(new RegExp(`init --simulator http://127\\.0\\.0\\.1:\\d+ --queue ${address}`));
  expect(text).toContain("simulate deliver");
});

test("beside a configuration that names it, it says to sign in at once", async () => {
  const { folder, run } = await commandLine();
  const url = `http://127.0.0.1:${await freePort()}`;
  expect((await run("init", "--simulator", url, "--queue", address)).exitCode).toBe(0);
  const text = await startCommand(folder, "simulate").first;
  expect(text).toContain(`listens at ${url}`);
  expect(text).toContain("The configuration in this folder names it.");
  expect(text).not.toContain("m365-mail-daemon init");
});

test("users of a seed file and of the command line are there together; those of the file have its mail, the others sample mail", async () => {
  const { folder } = await commandLine();
  const seed = {
    users: [
      { address: "one@contoso.com", password: "wrong bicycle", messages: [{ count: 7 }] },
      { address: "none@contoso.com", mailbox: false },
    ],
  };
  await writeFile(join(folder, "seed.json"), JSON.stringify(seed));
  const sim = await simulated(folder, "--seed-file", "seed.json", "--queue", address, "--mails", "2");
  expect(sim.users).toEqual([
    { address: "one@contoso.com", password: "wrong bicycle", mails: 7 },
    { address: "none@contoso.com", password: "letmein", mails: 0 },
    { address, password: "letmein", mails: 2 },
  ]);
});

test("of many users it shows some and counts the rest", async () => {
  const { folder } = await commandLine();
  const text = await startCommand(folder, "simulate", "--port", "0", "--users", "120", "--mails", "0").first;
  expect(text).toContain("queue-20@contoso.com");
  expect(text).toContain("and 100 more");
});

test("without a word it serves what the configuration of the folder asks for: port, application, queues and who opens them", async () => {
  const { folder, run } = await commandLine();
  const port = await freePort();
  await writeFile(
    join(folder, "mail-daemon.config.json"),
    JSON.stringify({
      app: { clientId: "11111111-2222-4333-8444-555555555555", tenantId: "fabrikam.example" },
      simulator: `http://127.0.0.1:${port}`,
      queues: [{ address, account: "agent@fabrikam.example" }, { address: "sales@fabrikam.example" }],
    }),
  );
  const { first } = startCommand(folder, "--json", "simulate");
  const sim = JSON.parse(await first) as Simulated;
  expect(sim).toMatchObject({ url: `http://127.0.0.1:${port}`, clientId: "11111111-2222-4333-8444-555555555555" });
  expect(sim.users.map((user) => user.address)).toEqual([address, "agent@fabrikam.example", "sales@fabrikam.example"]);
  const daemon = createMailDaemon({
    app: { clientId: sim.clientId, tenantId: "fabrikam.example" },
    queues: [{ address, account: "agent@fabrikam.example" }],
    store: memoryStore(),
    vaultKeys: keyRing([{ id: "k", key: Buffer.alloc(32, 7) }]),
    fetch: simulatorFetch(sim.url),
    handler: () => undefined,
  });
  onTestFinished(() => daemon.stop());
  await daemon.signIn(address, { method: "password", password: "letmein" });
  const settled = next(daemon, "message:settled");
  await daemon.start();
  expect((await settled).queue).toBe(address);
  expect((await run("simulate", "deliver", address)).exitCode).toBe(0);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return port;
}

test("Ctrl-C ends it, and its port is free again; a port that is taken is named", async () => {
  const { folder } = await commandLine();
  const running = startCommand(folder, "--json", "simulate", "--port", "0");
  const { url } = JSON.parse(await running.first) as Simulated;
  const { port } = new URL(url);
  const second = startCommand(folder, "simulate", "--port", port);
  expect(await second.ended).toBe(2);
  expect(second.err()).toContain(`Port ${port}`);
  running.interrupt();
  expect(await running.ended).toBe(0);
  await expect(createControl(url).about()).rejects.toThrow(TypeError);
  expect(JSON.parse(await startCommand(folder, "--json", "simulate", "--port", port).first)).toMatchObject({ url });
});

test("a mail arrives every so many seconds, in one mailbox after the other", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { folder } = await commandLine();
  const running = startCommand(folder, "--json", "simulate", "--port", "0", "--users", "2", "--mails", "0", "--mail-every", "30");
  await running.first;
  const delivered = () =>
    running
      .out()
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => (JSON.parse(line) as { delivered: { address: string } }).delivered.address);
  await vi.advanceTimersByTimeAsync(29_000);
  expect(delivered()).toEqual([]);
  await vi.advanceTimersByTimeAsync(61_000);
  expect(delivered()).toEqual(["queue-1@contoso.com", "queue-2@contoso.com", "queue-1@contoso.com"]);
  running.interrupt();
  expect(await running.ended).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  ["--port", "70000"],
  ["--port", "x"],
  ["--users", "0"],
  ["--mail-every", "0"],
  ["--seed", "-1"],
  ["--queue", "support"],
  ["--seed-file", "missing.json"],
])("%s %s is refused", async (flag, value) => {
  const { run } = await commandLine();
  const { exitCode, err, out } = await run("simulate", flag, value);
  expect([exitCode, out]).toEqual([2, ""]);
  expect(err).toContain(flag === "--seed-file" ? "missing.json" : flag);
});
