/** A file that nobody else may read, also where one was there that everybody could. */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writePrivate } from "../../../src/cli/write-private.js";

test.each([undefined, 0o644, 0o666])("it is its owner's alone, whatever was there (mode %o)", async (mode) => {
  const folder = await mkdtemp(join(tmpdir(), "mail-daemon-private-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "file");
  if (mode !== undefined) await writeFile(file, "a longer text than the next", { mode });
  await writePrivate(file, "secret");
  expect([(await stat(file)).mode & 0o777, await readFile(file, "utf8")]).toEqual([0o600, "secret"]);
});
