/** A disk that takes no more, and a folder that may not be written: errors, never a dead or hanging process. */
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { lmdbStore } from "../../src/state/lmdb.js";
import { newFolder, startStoreProcess } from "./fixtures/store-process.js";

/** No file may grow beyond 200 KiB (units of 512 bytes), and trying is an error rather than a signal. */
const smallFiles = `trap '' XFSZ; ulimit -f 400; exec "$@"`;

it("commits that find the disk full are refused whole, the others stay, reading goes on and close ends", async () => {
  const path = await newFolder();
  const writer = await startStoreProcess(path, { shell: smallFiles });
  await writer.order("open");
  const put = (number: number, size: number) =>
    writer.order("commit", {
      commit: {
        puts: [
          { key: ["q", number], value: "x".repeat(size) },
          { key: ["q", "twin", number], value: number },
        ],
      },
    });
  expect(await put(1, 10)).toMatchObject({ answer: { ok: true } });
  expect(await put(2, 1_000_000)).toMatchObject({ told: "failed", code: "STORE_UNAVAILABLE", message: expect.stringContaining(path) });
  expect(await put(3, 10)).toMatchObject({ answer: { ok: true } });
  expect(await put(4, 1_000_000)).toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(await writer.order("get", { key: ["q", 1] })).toMatchObject({ answer: { value: "xxxxxxxxxx" } });
  expect(await writer.order("close")).toMatchObject({ told: "done" });
  // Opened again by the same process it is the same store, and takes what fits.
  expect(await writer.order("open")).toMatchObject({ told: "done" });
  expect(await put(5, 10)).toMatchObject({ answer: { ok: true } });
  expect(await writer.order("close")).toMatchObject({ told: "done" });
  expect(writer.told.filter(({ told }) => told === "unhandled")).toEqual([]);
  await writer.kill();

  const store = lmdbStore(path);
  await store.open();
  onTestFinished(() => store.close());
  const found = await store.list({ prefix: ["q"], limit: 10 });
  expect(found.map(({ key }) => key)).toEqual([
    ["q", 1],
    ["q", 3],
    ["q", 5],
    ["q", "twin", 1],
    ["q", "twin", 3],
    ["q", "twin", 5],
  ]);
});

it("a folder that may not be written is not writable, and the error names it", async () => {
  const folder = await newFolder();
  await chmod(folder, 0o755);
  const path = join(folder, "locked");
  await mkdir(path, { mode: 0o555 });
  const child = await startStoreProcess(path);
  // Permissions do not bind the superuser.
  if (process.getuid?.() === 0) await child.order("setUser", { id: 65_534 });

  expect(await child.order("open")).toMatchObject({ told: "failed", code: "STORE_NOT_WRITABLE", message: expect.stringContaining(path) });
});
