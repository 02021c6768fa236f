/** What the LMDB store does beyond the contract: its folder, its format, its refusals to open, and sharing. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { expect, it, onTestFinished } from "vitest";
import { lmdbStore } from "../../../src/state/lmdb.js";
import type { Store } from "../../../src/state/store.js";

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lmdb-store-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function opened(path: string): Promise<Store> {
  const store = lmdbStore(path);
  await store.open();
  onTestFinished(() => store.close());
  return store;
}

it("nothing touches the disk before open; then the folder and its files are the owner's alone", async () => {
  const path = join(await newFolder(), "a", "state.v1");
  const store = lmdbStore(path);
  expect(store.name).toBe(`lmdb:${path}`);
  expect(existsSync(path)).toBe(false);

  await store.open();
  onTestFinished(() => store.close());
  await store.commit({ puts: [{ key: ["q", 1], value: 1 }] });
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  const files = await readdir(path);
  expect(files.sort()).toEqual(["data.mdb", "lock.mdb"]);
  for (const file of files) expect((await stat(join(path, file))).mode & 0o777).toBe(0o600);
});

it("a path that is a file, or lies below one, is not writable, and the error says what to do", async () => {
  const file = join(await newFolder(), "file");
  await writeFile(file, "text");

  for (const path of [file, join(file, "below")]) {
    await expect(lmdbStore(path).open()).rejects.toMatchObject({
      code: "STORE_NOT_WRITABLE",
      message: expect.stringContaining(path),
      remedy: expect.stringContaining(path),
    });
  }
});

it("a folder with a file that is no LMDB store is refused and left as it is", async () => {
  const folder = await newFolder();
  await writeFile(join(folder, "data.mdb"), "x".repeat(20_000));

  await expect(lmdbStore(folder).open()).rejects.toMatchObject({ code: "STORE_NOT_WRITABLE", message: expect.stringContaining(folder) });
  expect((await stat(join(folder, "data.mdb"))).size).toBe(20_000);
});

it("a store of a newer format is refused, naming both formats, and opens again once it is put right", async () => {
  const path = await newFolder();
  const setFormat = async (format: string) => {
    const db = open<Uint8Array, Uint8Array>(path, { encoding: "binary", keyEncoding: "binary", noSubdir: false });
    await db.put(Buffer.from("\0format", "latin1"), Buffer.from(format));
    await db.close();
  };
  await setFormat("2");
  const store = lmdbStore(path);
  await expect(store.open()).rejects.toMatchObject({ code: "STORE_NEWER_FORMAT", message: expect.stringMatching(/format 2,.* up to 1/) });

  await setFormat("1");
  await store.open();
  await store.close();
});

it("two stores of one process on the same path see each other's commits and close on their own", async () => {
  const path = await newFolder();
  const [left, right] = [lmdbStore(path), await opened(path)];
  await left.open();
  const key = ["q", "counter"] as const;
  const raise = async (store: Store): Promise<void> => {
    const entry = await store.get(key);
    const value = ((entry?.value as number | undefined) ?? 0) + 1;
    const { ok } = await store.commit({ checks: [{ key, version: entry?.version ?? null }], puts: [{ key, value }] });
    if (!ok) await raise(store);
  };
  await Promise.all(Array.from({ length: 40 }, (_, at) => raise(at % 2 === 0 ? left : right)));
  expect((await left.get(key))?.value).toBe(40);

  await left.close();
  await raise(right);
  expect((await right.get(key))?.value).toBe(41);
});

it("values far larger than the first map grow the store", async () => {
  const store = await opened(await newFolder());
  const value = "x".repeat(1_000_000);
  for (let at = 0; at < 40; at += 1) await store.commit({ puts: [{ key: ["q", at], value }] });

  expect((await store.list({ prefix: ["q"], limit: 100 })).every((entry) => entry.value === value)).toBe(true);
});

it("a path that is no text is a mistake of the configuration", () => {
  for (const path of ["", undefined, 5]) {
    expect(() => lmdbStore(path as string)).toThrow(expect.objectContaining({ name: "ConfigError", code: "CONFIG_INVALID" }));
  }
});
