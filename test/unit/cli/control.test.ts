/** The control socket: whose it is, what goes over it, and what becomes of one whose process has ended, or has not. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { systemClock } from "../../../src/base/clock.js";
import { ConfigError, MailError } from "../../../src/base/errors.js";
import { findDaemon } from "../../../src/cli/control-client.js";
import { type Control, type ControlOptions, openControl } from "../../../src/cli/control-server.js";
import { deferred } from "../../support/deferred.js";

type Daemon = ControlOptions["daemon"];

const at = new Date("2026-05-01T10:00:00Z");

/** What it was asked, and answers of each kind. */
function fakeDaemon(changes: Partial<Daemon> = {}) {
  const asked: unknown[][] = [];
  const note =
    <Answer>(name: string, answer: Answer) =>
    async (...given: unknown[]) => {
      asked.push([name, ...given]);
      return answer;
    };
  const daemon: Daemon = {
    status: () => ({ state: "running", queues: [], storeTrouble: { since: at, why: "disk" } }),
    statusOfAll: note("statusOfAll", { state: "running", queues: [], workers: [] }),
    explain: note("explain", undefined),
    quarantined: note("quarantined", []),
    replay: note("replay", undefined),
    sweep: note("sweep", { listed: 4, known: 3, found: 1, gone: 0 }),
    pollNow: note("pollNow", undefined),
    pause: note("pause", undefined),
    resume: note("resume", undefined),
    rotateKeys: note("rotateKeys", { resealed: 2, current: 0, failed: [] }),
    signOut: note("signOut", true),
    doctor: note("doctor", [{ check: "store", outcome: "ok", found: "It opens." }]),
    ...changes,
  };
  return { daemon, asked };
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "control-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function opened(folder: string, daemon: Daemon = fakeDaemon().daemon): Promise<Control> {
  const control = await openControl({ daemon, folder });
  onTestFinished(() => control.close());
  return control;
}

async function found(folder: string, options?: Parameters<typeof findDaemon>[1]) {
  const daemon = await findDaemon(folder, options);
  if (!daemon) throw new Error("Expected a daemon to listen.");
  return daemon;
}

/** A store's folder whose path is too long for a socket. */
async function longFolder(): Promise<string> {
  const folder = await mkdtemp(join(await newFolder(), `${"long-".repeat(20)}`));
  return folder;
}

/** Leaves the socket of a process that was killed. */
async function killedListener(path: string): Promise<void> {
  const program = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.send("listening"))`;
  const file = join(await newFolder(), "listener.cjs");
  await writeFile(file, program);
  const child = fork(file);
  await once(child, "message");
  child.kill("SIGKILL");
  await once(child, "exit");
}

describe("what is asked", () => {
  it("of the status is answered from memory while the store cannot tell of the others", async () => {
    const folder = await newFolder();
    const away = () => Promise.reject(new MailError("STORE_UNAVAILABLE", "The store is away."));
    await opened(folder, fakeDaemon({ statusOfAll: away }).daemon);
    const { ask } = await found(folder);
    const storeTrouble = { since: at.toISOString(), why: "disk" };
    expect(await ask("status", {})).toEqual({ state: "running", queues: [], workers: [], storeTrouble });
  });

  it("is what the daemon's own method is asked, and its answer comes back as JSON", async () => {
    const folder = await newFolder();
    const { daemon, asked } = fakeDaemon();
    await opened(folder, daemon);
    const { ask, processId } = await found(folder);
    const address = "support@contoso.com";
    expect(processId).toBe(process.pid);
    expect(await ask("status", {})).toEqual({ state: "running", queues: [], workers: [] });
    expect(await ask("explain", { address, id: "AAk" })).toBeNull();
    expect(await ask("quarantined", { address })).toEqual([]);
    expect(await ask("replay", { address, id: "AAk" })).toBeNull();
    expect(await ask("sweep", {})).toEqual({ listed: 4, known: 3, found: 1, gone: 0 });
    expect(await ask("sweep", { address })).toEqual({ listed: 4, known: 3, found: 1, gone: 0 });
    expect(await ask("pollNow", { address })).toBeNull();
    expect(await ask("pause", { address })).toBeNull();
    expect(await ask("resume", { address })).toBeNull();
    expect(await ask("rotateKeys", {})).toEqual({ resealed: 2, current: 0, failed: [] });
    expect(await ask("signOut", { address })).toBe(true);
    expect(await ask("doctor", {})).toEqual([{ check: "store", outcome: "ok", found: "It opens." }]);
    expect(await ask("doctor", { addresses: [address] })).toHaveLength(1);
    expect(asked).toEqual([
      ["statusOfAll"],
      ["explain", address, "AAk"],
      ["quarantined", address],
      ["replay", address, "AAk"],
      ["sweep", undefined],
      ["sweep", address],
      ["pollNow", address],
      ["pause", address],
      ["resume", address],
      ["rotateKeys"],
      ["signOut", address],
      ["doctor", undefined],
      ["doctor", [address]],
    ]);
  });

  it("is refused where it is no request, does not fit, or is too long, and does nothing", async () => {
    const folder = await newFolder();
    const { daemon, asked } = fakeDaemon();
    const { path } = await opened(folder, daemon);
    const raw = (url: string, body: string, method = "POST") =>
      new Promise<{ error: { code: string; message: string } }>((resolve, reject) => {
        const sent = request({ socketPath: path, path: url, method, agent: false }, async (response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response) chunks.push(chunk as Buffer);
          resolve(JSON.parse(Buffer.concat(chunks).toString()));
        });
        sent.once("error", reject);
        sent.end(body);
      });
    for (const url of ["/v1/format", "/v2/status", "/", "/v1/toString"]) {
      expect((await raw(url, "{}")).error).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("another version") });
    }
    expect((await raw("/v1/status", "", "GET")).error.code).toBe("CONFIG_INVALID");
    expect((await raw("/v1/replay", '{"address":"a@b.example"}')).error.message).toContain("`id`");
    expect((await raw("/v1/replay", "{")).error.message).toContain("JSON");
    expect((await raw("/v1/replay", `"${"x".repeat(70_000)}"`)).error.message).toContain("65536 bytes");
    expect(asked).toEqual([]);
  });
});

describe("an error of the daemon's", () => {
  async function travelled(error: unknown): Promise<Error> {
    const folder = await newFolder();
    await opened(folder, fakeDaemon({ sweep: () => Promise.reject(error) }).daemon);
    const { ask } = await found(folder);
    return ask("sweep", {}).then(
      () => expect.unreachable(),
      (reason: Error) => reason,
    );
  }

  it("travels whole, without its cause", async () => {
    const details = {
      queue: "support@contoso.com",
      messageId: "AAk",
      remedy: "act",
      who: "administrator",
      step: "consent",
      notBeforeAt: 5,
      unsent: true,
      status: 503,
      serviceCode: "ErrorServerBusy",
    } as const;
    const error = await travelled(new MailError("GRAPH_THROTTLED", "words", { ...details, cause: new Error("inner") }));
    expect(error).toBeInstanceOf(MailError);
    expect(error).not.toBeInstanceOf(ConfigError);
    expect({ ...error }).toEqual({ name: "MailError", code: "GRAPH_THROTTLED", ...details });
    expect(error).toMatchObject({ message: "words", retryable: true, scope: "queue" });
    expect("cause" in error).toBe(false);
  });

  it("of the options is a ConfigError here too", async () => {
    const error = await travelled(new ConfigError("CONFIG_INVALID", "words"));
    expect(error).toBeInstanceOf(ConfigError);
    expect("queue" in error).toBe(false);
  });

  it("that is none of ours is its message, and one of a later version has its code in it", async () => {
    expect(await travelled(new TypeError("broken"))).toMatchObject({ name: "Error", message: "broken" });
    const later = Object.assign(new MailError("GRAPH_THROTTLED", "words"), { code: "GRAPH_OF_TOMORROW" });
    expect(await travelled(later)).toMatchObject({ name: "Error", message: "GRAPH_OF_TOMORROW: words" });
  });
});

describe("the socket", () => {
  it("is its owner's alone whatever the process's mask, and opens no port", async () => {
    const folder = await newFolder();
    const ports = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPServerWrap").length;
    const before = ports();
    const mask = process.umask(0);
    onTestFinished(() => void process.umask(mask));
    const control = await opened(folder);
    expect(process.umask(0)).toBe(0);
    expect(control.path).toBe(join(folder, "control.sock"));
    const { mode } = await stat(control.path);
    expect((mode & 0o777).toString(8)).toBe("600");
    expect(ports()).toBe(before);
    await control.close();
    expect(await readdir(folder)).toEqual([]);
    await control.close();
    expect(await findDaemon(folder)).toBeUndefined();
  });

  it("of a process that was killed is replaced, and nobody is found there before", async () => {
    const folder = await newFolder();
    await killedListener(join(folder, "control.sock"));
    expect(await readdir(folder)).toEqual(["control.sock"]);
    expect(await findDaemon(folder)).toBeUndefined();
    await opened(folder);
    expect((await found(folder)).processId).toBe(process.pid);
  });

  it("of a process that lives is left alone", async () => {
    const folder = await newFolder();
    await opened(folder);
    await expect(openControl({ daemon: fakeDaemon().daemon, folder })).rejects.toMatchObject({
      code: "LIFECYCLE_CONTROL_UNAVAILABLE",
      message: expect.stringContaining("Another process"),
    });
    expect((await found(folder)).processId).toBe(process.pid);
  });

  it("that cannot be made says why", async () => {
    const file = join(await newFolder(), "file");
    await writeFile(file, "");
    await expect(openControl({ daemon: fakeDaemon().daemon, folder: join(file, "below") })).rejects.toMatchObject({
      code: "LIFECYCLE_CONTROL_UNAVAILABLE",
      message: expect.stringMatching(/cannot be opened \(E[A-Z]+\)/),
    });
  });

  it("lies in a folder that is made for its owner alone where there is none", async () => {
    const folder = join(await newFolder(), "absent");
    await opened(folder);
    expect(((await stat(folder)).mode & 0o777).toString(8)).toBe("700");
    expect((await found(folder)).processId).toBe(process.pid);
  });
});

describe("where the store's path is too long for a socket", () => {
  it("it lies in a folder of its own in the temp folder, which the store's folder names; both go with it", async () => {
    const folder = await longFolder();
    const control = await opened(folder);
    expect(Buffer.byteLength(control.path)).toBeLessThan(100);
    expect(await readFile(join(folder, "control.path"), "utf8")).toBe(control.path);
    const modes = [await stat(dirname(control.path)), await stat(join(folder, "control.path"))].map(({ mode }) =>
      (mode & 0o777).toString(8),
    );
    expect(modes).toEqual(["700", "600"]);
    expect((await found(folder)).processId).toBe(process.pid);
    await expect(openControl({ daemon: fakeDaemon().daemon, folder })).rejects.toMatchObject({
      code: "LIFECYCLE_CONTROL_UNAVAILABLE",
    });
    await control.close();
    expect(await readdir(folder)).toEqual([]);
    await expect(stat(dirname(control.path))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("what a process that was killed has left is replaced and removed", async () => {
    const folder = await longFolder();
    const left = await mkdtemp(join(tmpdir(), "mail-daemon-"));
    onTestFinished(() => rm(left, { recursive: true, force: true }));
    await killedListener(join(left, "control.sock"));
    await writeFile(join(folder, "control.path"), join(left, "control.sock"));
    expect(await findDaemon(folder)).toBeUndefined();
    const control = await opened(folder);
    expect(dirname(control.path)).not.toBe(left);
    await expect(stat(left)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("a folder that others can write to is not believed in", async () => {
    const folder = await longFolder();
    const control = await opened(folder);
    await chmod(dirname(control.path), 0o777);
    expect(await findDaemon(folder)).toBeUndefined();
    await chmod(dirname(control.path), 0o700);
    expect(await findDaemon(folder)).toBeDefined();
  });

  it("a record that names no folder of ours is none", async () => {
    const folder = await newFolder();
    const elsewhere = join(await newFolder(), "control.sock");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(elsewhere, resolve));
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
    await writeFile(join(folder, "control.path"), elsewhere);
    expect(await findDaemon(folder)).toBeUndefined();
  });
});

describe("whoever asks", () => {
  it("is not taken for alone where a process listens and does not answer", async () => {
    const folder = await newFolder();
    const sockets = new Set<{ destroy(): void }>();
    const server = createServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(join(folder, "control.sock"), resolve));
    onTestFinished(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    });
    const hasty = { ...systemClock, startTimer: (run: () => void) => systemClock.startTimer(run, 50) };
    await expect(findDaemon(folder, { clock: hasty })).rejects.toMatchObject({
      code: "LIFECYCLE_CONTROL_UNAVAILABLE",
      message: expect.stringContaining("did not answer within 10 s"),
    });
  });

  test.each([
    ["the daemon's socket closes", "LIFECYCLE_CONTROL_UNAVAILABLE"],
    ["it is interrupted", "LIFECYCLE_STOPPED"],
  ])("hears when %s before the answer", async (what, code) => {
    const folder = await newFolder();
    const [begun, never] = [deferred<void>(), deferred<never>()];
    const sweep = () => {
      begun.resolve();
      return never.promise;
    };
    const control = await opened(folder, fakeDaemon({ sweep }).daemon);
    const interrupt = new AbortController();
    const { ask } = await found(folder, { signal: interrupt.signal });
    const asked = ask("sweep", {});
    const refused = expect(asked).rejects.toMatchObject({ code });
    await begun.promise;
    if (what === "it is interrupted") interrupt.abort();
    else await control.close();
    await refused;
  });
});
