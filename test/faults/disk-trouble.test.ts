/**
 * A daemon whose disk is full, takes no writes, or fails in the middle: what cannot be recorded is neither asked for nor
 * handed over, it is told once, and all goes on by itself. Real processes over real LMDB stores.
 *
 * A small file system of its own is mounted where that is allowed; elsewhere, and for a disk that takes no writes, the
 * process is limited in what it may write (`prlimit` of util-linux): its writes then fail with EFBIG where a disk says
 * ENOSPC or EROFS, in the same place. No permission would stop a superuser, and no open file turns read-only by one.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { generateKey } from "../../src/index.js";
import { simulatorWith } from "../support/host.js";
import { type DiskHost, longestMs, startDiskHost } from "./fixtures/disk/process.js";
import { newFolder } from "./fixtures/store-process.js";

const addresses = ["one@contoso.com", "two@contoso.com"];
const [first, second] = addresses as [string, string];
const patiently = { timeout: longestMs, interval: 20 };
/** An owner's record expires after ten seconds: a trouble that lasts longer must not cost the daemon its store. */
const pastExpiryMs = 12_000;

async function setUp(folder?: string) {
  const sim = simulatorWith(addresses);
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const storePath = join(folder ?? (await newFolder()), "state");
  const keys = `k1:${generateKey()}`;
  const box = (address: string) => sim.user(address).mailbox;
  const begin = (refreshTokens: readonly string[], options?: { readonly userId: number }) =>
    startDiskHost(
      { app: { clientId: sim.clientId, tenantId: sim.tenantId }, addresses, storePath, simulatorUrl: door.url, refreshTokens },
      keys,
      options,
    );
  return {
    sim,
    storePath,
    begin,
    tokens: () => addresses.map((address) => sim.user(address).issueRefreshToken()),
    rounds: () => sim.log.count({ route: "delta" }),
    deliver: (address: string, count: number, subject = "mail") =>
      box(address)
        .deliverMany(Array.from({ length: count }, () => ({ subject })))
        .map((id) => `${address}/${id}`),
    unread: () =>
      addresses.flatMap((address) =>
        box(address)
          .messages()
          .filter(({ isRead }) => !isRead),
      ).length,
  };
}

type Scene = Awaited<ReturnType<typeof setUp>>;

/** A host with one message in each queue done, and one in a handler that waits. */
async function atWork(scene: Scene): Promise<{ host: DiskHost; heldKey: string }> {
  const host = await scene.begin(scene.tokens());
  scene.deliver(first, 1);
  scene.deliver(second, 1);
  expect(await host.order("start")).toMatchObject({ payload: null });
  await expect.poll(() => host.of("message:marked").length, patiently).toBe(2);
  const [heldKey] = scene.deliver(first, 1, "held") as [string];
  await expect.poll(() => host.of("begun"), patiently).toContain(heldKey);
  return { host, heldKey };
}

async function troubleLasts(host: DiskHost): Promise<void> {
  const sinceMs = async () => {
    const { payload } = await host.order("status");
    const { storeTrouble } = payload as { storeTrouble?: { since: string } };
    // Else it says nothing of its store any more.
    expect([...host.of("daemon:stopped"), ...host.of("store:recovered")]).toEqual([]);
    return storeTrouble ? Date.now() - Date.parse(storeTrouble.since) : -1;
  };
  await expect.poll(sinceMs, patiently).toBeGreaterThan(pastExpiryMs);
}

/** Everything was handed over once, settled once and marked, and nobody stopped. */
async function expectAllDone(scene: Scene, host: DiskHost, count: number): Promise<void> {
  await expect.poll(() => host.of("message:marked").length, patiently).toBe(count);
  expect(host.of("begun").length).toBe(count);
  expect(new Set(host.of("begun")).size).toBe(count);
  expect(new Set(host.of("message:settled")).size).toBe(count);
  expect(scene.unread()).toBe(0);
  for (const is of ["message:retrying", "message:quarantined", "message:gone", "daemon:stopped"]) expect(host.of(is), is).toEqual([]);
  expect(await host.order("stop")).toMatchObject({ payload: null });
}

function mounted(folder: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return false;
  }
  onTestFinished(() => void execFileSync("umount", ["--lazy", folder]));
  return true;
}

it("a full disk stops the asking for mail, is told once, and is over by itself when there is room again", async () => {
  const folder = await newFolder();
  const isOwn = mounted(folder);
  console.log(`disk trouble: ${isOwn ? "a small file system of its own" : "no right to mount one, so a limit on the size of files"}`);
  const scene = await setUp(folder);
  const { host, heldKey } = await atWork(scene);
  const ballast = join(folder, "ballast");
  if (isOwn) {
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(ballast, Buffer.alloc(bavail * bsize));
  } else host.limitFiles(statSync(join(scene.storePath, "data.mdb")).size);
  // More than fits into the pages that the store has free.
  scene.deliver(first, 150);
  scene.deliver(second, 150);
  await expect.poll(() => host.of("store:unavailable").length, patiently).toBe(1);
  const before = scene.rounds();
  await host.order("release");
  await troubleLasts(host);
  expect(scene.rounds() - before).toBeLessThanOrEqual(2);
  expect(host.of("store:unavailable")).toMatchObject([{ code: "STORE_UNAVAILABLE", remedy: expect.stringContaining("disk is full") }]);
  expect(host.of("queue:failed").length).toBeLessThanOrEqual(addresses.length);
  expect(host.of("store:recovered")).toEqual([]);
  if (isOwn) rmSync(ballast);
  else host.limitFiles("unlimited");
  await expect.poll(() => host.of("store:recovered").length, patiently).toBe(1);
  await expectAllDone(scene, host, 303);
  expect(host.of("message:settled")).toContain(heldKey);
});

it("a disk that takes no write any more holds up ends and beginnings, and none of them is lost or made twice", async () => {
  const scene = await setUp();
  const { host, heldKey } = await atWork(scene);
  host.limitFiles(0);
  const fresh = [...scene.deliver(first, 5), ...scene.deliver(second, 5)];
  await host.order("release");
  await expect.poll(() => host.of("store:unavailable").length, patiently).toBe(1);
  const before = scene.rounds();
  await troubleLasts(host);
  expect(scene.rounds() - before).toBeLessThanOrEqual(2);
  expect(host.of("begun").filter((key) => fresh.includes(String(key)))).toEqual([]);
  expect(host.of("message:settled")).not.toContain(heldKey);
  const { payload } = await host.order("status");
  expect(payload).toMatchObject({ state: "running", storeTrouble: { why: expect.stringContaining("STORE_UNAVAILABLE") } });
  host.limitFiles("unlimited");
  await expect.poll(() => host.of("store:recovered").length, patiently).toBe(1);
  await expectAllDone(scene, host, 13);
});

it("a store that may not be written fails the start, names the folder and what to do, and asks Graph for nothing", async () => {
  const folder = await newFolder();
  chmodSync(folder, 0o755);
  const scene = await setUp(folder);
  mkdirSync(scene.storePath, { mode: 0o555 });
  // Permissions do not bind the superuser.
  const host = await scene.begin([], ...(process.getuid?.() === 0 ? [{ userId: 65_534 }] : []));
  const { failed } = await host.order("start");
  expect(failed).toMatchObject({
    code: "STORE_NOT_WRITABLE",
    message: expect.stringContaining(scene.storePath),
    remedy: expect.stringContaining("Give a folder"),
  });
  expect(scene.sim.log.count()).toBe(0);
});

it("ends of deliveries that a store refuses in the middle are recorded when it takes them, without another delivery", async () => {
  const scene = await setUp();
  const { host, heldKey } = await atWork(scene);
  await host.order("refuseEnds");
  const fresh = scene.deliver(second, 3);
  await expect.poll(() => host.of("begun"), patiently).toEqual(expect.arrayContaining(fresh));
  await host.order("release");
  await expect.poll(() => host.of("store:unavailable").length, patiently).toBeGreaterThan(0);
  expect(host.of("message:settled")).toHaveLength(2);
  await host.order("takeEnds");
  await expectAllDone(scene, host, 6);
  expect(host.of("message:settled")).toContain(heldKey);
});
